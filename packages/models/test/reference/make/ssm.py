"""mamba_ssm's own modules on the CPU, with the reference functions in the place of its kernels."""
import importlib.machinery, json, os, sys, types
import torch, torch.nn.functional as F
# A checkout of state-spaces/mamba at e9594ce.
SOURCE = os.environ['MAMBA_SSM']
sys.path.insert(0, SOURCE) # einops may lie beside it
class Rotary(torch.nn.Module):
    def __init__(self, dim, base=10000.0, interleaved=False, device=None):
        super().__init__(); self.dim, self.base, self.interleaved = dim, base, interleaved
    def turn(self, x):
        n = x.shape[1]
        f = 1.0 / self.base ** (torch.arange(0, self.dim, 2, dtype=torch.float32) / self.dim)
        a = torch.outer(torch.arange(n, dtype=torch.float32), f)[None, :, None]
        one, two, rest = x[..., : self.dim // 2], x[..., self.dim // 2 : self.dim], x[..., self.dim :]
        return torch.cat([one * a.cos() - two * a.sin(), two * a.cos() + one * a.sin(), rest], -1)
    def forward(self, q, kv, seqlen_offset=0, max_seqlen=None):
        return self.turn(q), torch.stack([self.turn(kv[:, :, 0]), kv[:, :, 1]], 2)
def stub(name, **values):
    m = types.ModuleType(name); m.__dict__.update(values); sys.modules[name] = m; return m
pkg = stub('mamba_ssm'); pkg.__spec__ = importlib.machinery.ModuleSpec('mamba_ssm', None, is_package=True)
pkg.__path__ = [SOURCE + '/mamba_ssm']
stub('mamba_ssm.modules.mamba3', Mamba3=None)
from mamba_ssm.ops import selective_scan_interface as scan
scan.selective_scan_fn = scan.selective_scan_ref
from mamba_ssm.ops.triton import layer_norm, layernorm_gated, ssd_combined
layer_norm.RMSNorm.forward = lambda self, x, **kw: layer_norm.rms_norm_ref(x, self.weight, self.bias, eps=self.eps)
layernorm_gated.RMSNorm.forward = lambda self, x, z=None: layernorm_gated.rms_norm_ref(x, self.weight, self.bias, z=z, eps=self.eps, group_size=self.group_size, norm_before_gate=self.norm_before_gate)
from mamba_ssm.modules import mamba_simple, mamba2, mha
mha.RotaryEmbedding = Rotary
mamba_simple.selective_scan_fn = scan.selective_scan_ref
def combined(x, dt, A, B, C, chunk_size, D=None, z=None, dt_bias=None, dt_softplus=False, seq_idx=None, cu_seqlens=None, dt_limit=(0.0, float('inf')), return_final_states=False, return_varlen_states=False):
    return ssd_combined.ssd_selective_scan(x, dt, A, B, C, D=D, z=z, dt_bias=dt_bias, dt_softplus=dt_softplus, dt_limit=tuple(dt_limit))
mamba2.mamba_chunk_scan_combined = combined
from mamba_ssm.models.mixer_seq_simple import MambaLMHeadModel
from mamba_ssm.models.config_mamba import MambaConfig
import make

def variant(index, v):
    folder = f"{make.WORK}/{v['name']}"
    os.makedirs(folder)
    written = v['config']
    c = json.loads(json.dumps(written))
    ssm = c.setdefault('ssm_cfg', {})
    if ssm.get('layer') == 'Mamba2': ssm['use_mem_eff_path'] = False
    c['fused_add_norm'] = False
    config = MambaConfig(**c)
    model = MambaLMHeadModel(config).float().eval()
    state = model.state_dict()
    tied = config.tie_embeddings
    tensors = {}
    for k, t in state.items():
        own = 'backbone.embedding.weight' if tied and k == 'lm_head.weight' else k
        tensors[k] = ['bf16', list(t.shape), *make.spread(own, state[own], not tied)] + ([own] if own != k else [])
    model.load_state_dict({k: make.made(t[4] if len(t) > 4 else k, *t[1:4]).float() for k, t in tensors.items()})
    make.write_config(folder, written)
    logits, gap = make.golden(model, written.get('vocab_size'), index, folder + '/golden.safetensors')
    make.pack(folder, tensors, 'bin')
    return f"std {logits.std():.2f} gap {gap:.1e}"
