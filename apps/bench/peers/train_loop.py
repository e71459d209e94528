"""The 5.2M hybrid of packages/model-shakespeare in a plain PyTorch loop: chunked SSD (Dao & Gu 2024,
Listing 1) in torch ops, autograd, torch.optim.AdamW, gradient clipping.

    python3 train_loop.py [threads] [steps] [bfloat16]

`bfloat16` runs the forward pass under torch.autocast, weights and moments in float32."""
import contextlib, math, sys, time
import torch, torch.nn as nn, torch.nn.functional as F

V, D, H, P, N, Q, K = 1024, 256, 16, 32, 64, 64, 4
torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
torch.manual_seed(0)

class RMSNorm(nn.Module):
    def __init__(self, width):
        super().__init__(); self.weight = nn.Parameter(torch.ones(width))
    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * self.weight

def segsum(a):
    T = a.size(-1)
    a = a[..., None].expand(*a.shape, T)
    a = a.masked_fill(~torch.tril(torch.ones(T, T, dtype=torch.bool), -1), 0)
    return torch.cumsum(a, -2).masked_fill(~torch.tril(torch.ones(T, T, dtype=torch.bool)), -torch.inf)

def ssd(X, A, B, C):  # X [b,l,h,p], A [b,l,h], B, C [b,l,n] shared by all heads
    b, l = X.shape[:2]
    X = X.view(b, l // Q, Q, H, P); B = B.view(b, l // Q, Q, N); C = C.view(b, l // Q, Q, N)
    A = A.view(b, l // Q, Q, H).permute(0, 3, 1, 2)  # b h c q
    sums = torch.cumsum(A, -1)
    L = torch.exp(segsum(A))
    S = torch.einsum('bcin,bcjn->bcij', C, B)
    Y = torch.einsum('bhcij,bcjhp->bcihp', S[:, None] * L, X)
    states = torch.einsum('bcqn,bhcq,bcqhp->bchpn', B, torch.exp(sums[..., -1:] - sums), X)
    states = torch.cat([torch.zeros_like(states[:, :1]), states], 1)
    decay = torch.exp(segsum(F.pad(sums[..., -1], (1, 0))))
    states = torch.einsum('bhzc,bchpn->bzhpn', decay, states)[:, :-1]
    Y = Y + torch.einsum('bcqn,bchpn,bhcq->bcqhp', C, states, torch.exp(sums))
    return Y.reshape(b, l, H, P)

class Mamba2(nn.Module):
    def __init__(self):
        super().__init__()
        inner = H * P
        self.inp = nn.Linear(D, 2 * inner + 2 * N + H, bias=False)
        self.conv = nn.Conv1d(inner + 2 * N, inner + 2 * N, K, groups=inner + 2 * N, padding=K - 1)
        self.dt_bias = nn.Parameter(torch.full((H,), -4.0)); self.A_log = nn.Parameter(torch.log(torch.linspace(1, 16, H)))
        self.D = nn.Parameter(torch.ones(H)); self.norm = RMSNorm(inner); self.out = nn.Linear(inner, D, bias=False)
    def forward(self, u):
        b, l, _ = u.shape
        z, xBC, dt = self.inp(u).split([H * P, H * P + 2 * N, H], -1)
        xBC = F.silu(self.conv(xBC.transpose(1, 2))[..., :l].transpose(1, 2))
        x, B, C = xBC.split([H * P, N, N], -1)
        dt = F.softplus(dt + self.dt_bias); x = x.reshape(b, l, H, P)
        y = ssd(x * dt[..., None], dt * -torch.exp(self.A_log), B, C) + x * self.D[:, None]
        return self.out(self.norm(y.reshape(b, l, -1) * F.silu(z)))

class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.q = nn.Linear(D, 256, bias=False); self.k = nn.Linear(D, 64, bias=False)
        self.v = nn.Linear(D, 64, bias=False); self.o = nn.Linear(256, D, bias=False)
    def forward(self, u):
        b, l, _ = u.shape
        q = self.q(u).view(b, l, 8, 32).transpose(1, 2)
        k, v = (f(u).view(b, l, 2, 32).transpose(1, 2).repeat_interleave(4, 1) for f in (self.k, self.v))
        s = (q @ k.transpose(-1, -2)) / math.sqrt(32)
        s = s.masked_fill(~torch.tril(torch.ones(l, l, dtype=torch.bool)), -torch.inf).softmax(-1)
        return self.o((s @ v).transpose(1, 2).reshape(b, l, -1))

class Mlp(nn.Module):
    def __init__(self):
        super().__init__(); self.up = nn.Linear(D, 768, bias=False); self.down = nn.Linear(768, D, bias=False)
    def forward(self, u): return self.down(F.relu(self.up(u)).square())

class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(V, D)
        self.layers = nn.ModuleList(c() for c in [Mamba2, Mlp] * 3 + [Attention, Mlp] + [Mamba2, Mlp] * 2)
        self.norms = nn.ModuleList(RMSNorm(D) for _ in self.layers); self.norm = RMSNorm(D)
        self.head = nn.Linear(D, V, bias=False)
    def forward(self, ids):
        x = self.embed(ids)
        for norm, layer in zip(self.norms, self.layers): x = x + layer(norm(x))
        return self.head(self.norm(x))

model = Model(); count = sum(p.numel() for p in model.parameters())
optimizer = torch.optim.AdamW(model.parameters(), 1e-3, (0.9, 0.95), weight_decay=0.1)
batch, length = 4, 256
data = (torch.rand(batch, length + 1) ** 2 * V).long()
isMixed = len(sys.argv) > 3 and sys.argv[3] == 'bfloat16'
cast = (lambda: torch.autocast('cpu', torch.bfloat16)) if isMixed else contextlib.nullcontext
times, cpus = [], []
for step in range(int(sys.argv[2]) if len(sys.argv) > 2 else 8):
    t, c = time.perf_counter(), time.process_time()
    with cast():
        loss = F.cross_entropy(model(data[:, :-1]).reshape(-1, V), data[:, 1:].reshape(-1))
    optimizer.zero_grad(); loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0); optimizer.step()
    times.append(time.perf_counter() - t); cpus.append(time.process_time() - c)
best = min(times)
print(f'torch {torch.__version__}, {"bfloat16 autocast" if isMixed else "float32"}, {torch.get_num_threads()} threads, {count} parameters, loss {loss.item():.3f}: step {best * 1e3:.0f} ms, {batch * length / best:.0f} tok/s; cpu per step {min(cpus) * 1e3:.0f} ms')
