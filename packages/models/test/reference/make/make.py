"""Tiny random models of many configurations, with what transformers or mamba_ssm computes for them."""
import json, math, os, shutil, sys, traceback, warnings
os.environ['HF_HUB_OFFLINE'] = '1'
os.environ['TRANSFORMERS_VERBOSITY'] = 'error'
warnings.filterwarnings('ignore')
import torch
from safetensors.torch import load_file, save_file
# torch's own wants widths that are multiples of 16 bytes.
def grouped_mm(a, b, offs=None, bias=None, out_dtype=None):
    ends = [0] + offs.tolist()
    parts = [a[s:e] @ b[i] for i, (s, e) in enumerate(zip(ends, ends[1:]))]
    rest = a.new_zeros(a.shape[0] - ends[-1], b.shape[-1])
    return torch.cat(parts + [rest])
torch.nn.functional.grouped_mm = grouped_mm
torch.set_num_threads(8)
torch.manual_seed(0)
WORK = os.environ['OUT']
report = []

# Weights large enough that logits vary, and exact in bfloat16.
def lively(model, seed):
    g = torch.Generator().manual_seed(seed)
    n = lambda p: torch.randn(p.shape, generator=g)
    u = lambda p, a, b: a + (b - a) * torch.rand(p.shape, generator=g)
    seen = list(model.named_parameters()) + [(k, b) for k, b in model.named_buffers() if 'correction_bias' in k]
    for name, p in seen:
        last = name.split('.')[-1]
        if last == 'A_log': v = u(p, 1, 12).log()
        elif last == 'dt_bias' or name.endswith('dt_proj.bias') or last == 'dt_proj_bias':
            dt = u(p, math.log(0.01), math.log(0.6)).exp(); v = dt + torch.log(-torch.expm1(-dt))
        elif last == 'D': v = 1 + 0.3 * n(p)
        elif last == 'recurrent_param': v = u(p, -6, -2)
        elif 'correction_bias' in last: v = 0.2 * n(p)
        elif 'norm' in name and p.ndim == 1 and last == 'weight':
            v = 0.2 * n(p) + (0 if p.float().mean().abs() < 0.5 else 1)
        elif p.ndim == 1: v = 0.2 * n(p)
        elif 'embed' in name: v = n(p) * (1 if any('lm_head' in k for k, _ in seen) else 1.6 / math.sqrt(p.shape[-1]))
        elif 'lm_head' in name: v = 1.6 * n(p) / math.sqrt(p.shape[-1])
        elif p.ndim == 3 and 'conv' in name: v = 0.5 * n(p)
        elif p.ndim == 3 and p.shape[-2:] != (1, 1): v = 1.3 * n(p) / math.sqrt(p.shape[-1])
        elif p.ndim == 2 and 'gate_bias' in name: v = 0.2 * n(p)
        else: v = 1.3 * n(p) / math.sqrt(p.shape[-1])
        p.data.copy_(v.to(torch.bfloat16).float())

@torch.no_grad()
def golden(model, vocab, seed, path):
    g = torch.Generator().manual_seed(1000 + seed)
    run = lambda ids: model(ids, **KW).logits.float()
    KW = {'use_cache': False} if hasattr(model, 'generation_config') else {}
    ids = torch.randint(3, vocab, (2, 37), generator=g)
    logits = run(ids)
    prompt = torch.randint(3, vocab, (1, 9), generator=g)
    seq, gap = prompt, 9.0
    for _ in range(12):
        row = run(seq)[0, -1]
        top = row.topk(2).values
        gap = min(gap, float(top[0] - top[1]))
        seq = torch.cat([seq, row.argmax()[None, None]], 1)
    i32 = lambda t: t.to(torch.int32).contiguous()
    save_file({'input_ids': i32(ids), 'logits': logits.contiguous(), 'prompt_ids': i32(prompt), 'greedy_ids': i32(seq)}, path)
    return logits, gap

HYBRID = {'bamba', 'jamba', 'granitemoehybrid', 'nemotron_h', 'zamba2'}
# As transformers 4 spells the same configuration.
def v4(config):
    c = dict(config)
    rope = c.pop('rope_parameters', None)
    if rope:
        c['rope_theta'] = rope['rope_theta']
        if 'partial_rotary_factor' in rope: c['partial_rotary_factor'] = rope['partial_rotary_factor']
        if rope.get('rope_type', 'default') != 'default':
            c['rope_scaling'] = {k: v for k, v in rope.items() if k not in ('rope_theta', 'partial_rotary_factor')}
    back = {'linear_attention': 'mamba', 'full_attention': 'attention'}
    for key in ('layer_types', 'layers_block_type', 'mtp_layers_block_type'):
        if c.get(key) and c['model_type'] in HYBRID: c[key] = [back.get(t, t) for t in c[key]]
    if isinstance(c.get('time_step_limit'), list):
        c['time_step_limit'] = [math.inf if isinstance(t, dict) else t for t in c['time_step_limit']]
    c['torch_dtype'] = c.pop('dtype', 'float32')
    c['transformers_version'] = '4.55.0'
    return c

def write_config(folder, c):
    with open(folder + '/config.json', 'w') as f: f.write(json.dumps(c, indent=1, sort_keys=True) + '\n')

def write_weights(folder, state, fmt):
    os.path.exists(folder + '/model.safetensors') and os.remove(folder + '/model.safetensors')
    state = {k: (t if 'correction_bias' in k else t.to(torch.bfloat16)).contiguous() for k, t in state.items()}
    if fmt == 'single': return save_file(state, folder + '/model.safetensors', metadata={'format': 'pt'})
    if fmt == 'bin': return torch.save(state, folder + '/pytorch_model.bin')
    names = sorted(state)
    half, ext, save = len(names) // 2, '', None
    stem, ext = ('model', 'safetensors') if fmt == 'shards' else ('pytorch_model', 'bin')
    where = {}
    for i, part in enumerate([names[:half], names[half:]]):
        file = f'{stem}-0000{i + 1}-of-00002.{ext}'
        piece = {k: state[k] for k in part}
        save_file(piece, f'{folder}/{file}', metadata={'format': 'pt'}) if ext != 'bin' else torch.save(piece, f'{folder}/{file}')
        where |= {k: file for k in part}
    index = {'metadata': {'total_size': sum(t.numel() * t.element_size() for t in state.values())}, 'weight_map': where}
    with open(f'{folder}/{stem}.{ext}.index.json', 'w') as f: json.dump(index, f, indent=1)

# The gated norm per group, where transformers normalises the full width.
def grouped(module, groups):
    def forward(hidden, gate=None):
        x = hidden.float()
        if gate is not None: x = x * torch.nn.functional.silu(gate.float())
        y = x.unflatten(-1, (groups, -1))
        y = y * torch.rsqrt(y.pow(2).mean(-1, keepdim=True) + module.variance_epsilon)
        return module.weight * y.flatten(-2)
    module.forward = forward

def patched(model, groups):
    if groups:
        for name, m in model.named_modules():
            if 'RMSNormGated' in type(m).__name__: grouped(m, groups)
    return model

def hf_variant(index, v):
    from transformers import AutoConfig, AutoModelForCausalLM
    name, folder = v['name'], f"{WORK}/{v['name']}"
    kw = dict(v['config'])
    kind = kw.pop('model_type')
    config = AutoConfig.for_model(kind, **kw)
    model = AutoModelForCausalLM.from_config(config, attn_implementation='eager').float().eval()
    lively(model, index)
    model.save_pretrained(folder)
    for f in os.listdir(folder):
        if f not in ('config.json', 'model.safetensors'): os.remove(f'{folder}/{f}')
    raw = json.load(open(folder + '/config.json'))
    c = dict(raw)
    if v.get('v4'): c = v4(c)
    for key in v.get('drop', []): c.pop(key, None)
    c |= v.get('set', {})
    if v.get('minimal'):
        base = AutoConfig.for_model(kind).to_dict()
        keep = {'model_type'}
        for _ in range(4):
            m = {k: t for k, t in c.items() if k in keep or (k in base and base[k] != config.to_dict().get(k))}
            write_config(folder, m)
            got = AutoConfig.from_pretrained(folder).to_dict()
            wrong = {k for k, t in config.to_dict().items() if got.get(k) != t and k not in ('transformers_version', 'architectures', 'dtype', '_name_or_path', 'torch_dtype')}
            if not wrong - keep: break
            keep |= wrong
        c = m
    write_config(folder, c)
    state = load_file(folder + '/model.safetensors')
    write_weights(folder, state, v.get('format', 'single'))
    notes = []
    try:
        again = AutoModelForCausalLM.from_pretrained(folder, attn_implementation='eager', dtype=torch.float32).eval()
    except Exception as error:
        notes.append('not reloaded: ' + str(error)[:160]); again = model
    vocab = kw['vocab_size']
    logits, gap = golden(patched(again, v.get('groups')), vocab, index, folder + '/golden.safetensors')
    first, _ = golden(patched(model, v.get('groups')), vocab, index, '/tmp/first.safetensors')
    return dict(name=name, std=float(logits.std()), gap=gap, reload=float((first - logits).abs().max()), notes=notes)

def main():
    from variants import variants, ssm_variants
    only = sys.argv[1].split(',') if len(sys.argv) > 1 else None
    import transformers
    transformers.logging.disable_progress_bar()
    print('torch', torch.__version__, 'transformers', transformers.__version__)
    jobs = [(hf_variant, i, v) for i, v in enumerate(variants)]
    def ssm_job(i, v):
        import ssm
        return ssm.variant(i, v)
    jobs += [(ssm_job, 500 + i, v) for i, v in enumerate(ssm_variants)]
    for job, i, v in jobs:
        if only and v['name'] not in only: continue
        try:
            r = job(i, v)
        except Exception as error:
            shutil.rmtree(f"{WORK}/{v['name']}", ignore_errors=True)
            where = traceback.extract_tb(error.__traceback__)[-1]
            r = dict(name=v['name'], error=f'{type(error).__name__}: {str(error)[:400]} at {where.filename[-50:]}:{where.lineno}')
        report.append(r)
        if 'error' in r: print(r['name'], 'ERROR', r['error'])
        else: print(f"{r['name']:32} std {r['std']:.2f} gap {r['gap']:.1e} reload {r['reload']:.1e} {' '.join(r['notes'])}")
        sys.stdout.flush()
    print('made', sum('error' not in r for r in report), 'of', len(report))

if __name__ == '__main__':
    sys.modules['make'] = sys.modules['__main__']
    main()
