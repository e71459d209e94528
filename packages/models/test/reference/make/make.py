"""Tiny models of many configurations, with what transformers or mamba_ssm computes for them: OUT=folder python3 make.py [names]

Every tensor on disk is a + b u, u in [-1, 1) a hash of its name and of the element's index, rounded to bfloat16: no
weights need to be kept. Each NAME.json.gz has config.json, dtype, shape, a and b of every tensor, how they are to be laid into files, and the golden file.
"""
import base64, gzip, json, math, os, shutil, sys, traceback, warnings
os.environ['HF_HUB_OFFLINE'] = '1'
os.environ['TRANSFORMERS_VERBOSITY'] = 'error'
warnings.filterwarnings('ignore')
import numpy as np
import torch
from safetensors.torch import load_file, save_file
WORK = os.environ['OUT'] + '/fixtures'

# torch's own wants widths that are multiples of 16 bytes.
def grouped_mm(a, b, offs=None, bias=None, out_dtype=None):
    ends = [0] + offs.tolist()
    parts = [a[s:e] @ b[i] for i, (s, e) in enumerate(zip(ends, ends[1:]))]
    rest = a.new_zeros(a.shape[0] - ends[-1], b.shape[-1])
    return torch.cat(parts + [rest])
torch.nn.functional.grouped_mm = grouped_mm

def hashed(name, count):
    seed = 0x811C9DC5
    for byte in name.encode(): seed = (seed ^ byte) * 0x01000193 & 0xFFFFFFFF
    mask = np.uint64(0xFFFFFFFF)
    x = (np.uint64(seed) + np.arange(count, dtype=np.uint64) * np.uint64(0x9E3779B1)) & mask
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        x ^= x >> np.uint64(shift)
        x = x * np.uint64(factor) & mask
    x ^= x >> np.uint64(16)
    return x.astype(np.float64) / 2.0**31 - 1

def made(name, shape, a, b):
    values = a + b * hashed(name, math.prod(shape))
    return torch.from_numpy(values.astype(np.float32)).reshape(shape).to(torch.bfloat16)

# a and b of a tensor, so that logits vary.
def spread(name, t, untied):
    last, shape = name.split('.')[-1], t.shape
    short = lambda x: float(f'{x:.3g}')
    if last == 'A_log': return 1.2, 1.2
    if last == 'dt_bias' or name.endswith('dt_proj.bias'): return -2.5, 2.0
    if last == 'D': return 1.0, 0.5
    if last == 'recurrent_param': return -4.0, 2.0
    if 'norm' in name and t.ndim == 1 and last == 'weight': return (0.0 if t.float().mean().abs() < 0.5 else 1.0), 0.35
    if t.ndim == 1 or 'gate_bias' in name: return 0.0, 0.35
    if 'embed' in name: return 0.0, 1.7 if untied else short(2.8 / math.sqrt(shape[-1]))
    if 'lm_head' in name: return 0.0, short(2.8 / math.sqrt(shape[-1]))
    if 'conv' in name: return 0.0, 0.87
    return 0.0, short(2.25 / math.sqrt(shape[-1]))

@torch.no_grad()
def golden(model, vocab, seed, path, **kw):
    g = torch.Generator().manual_seed(1000 + seed)
    run = lambda ids: model(ids, **kw).logits.float()
    ids = torch.randint(3, vocab, (1, 37), generator=g)
    logits = run(ids)
    prompt = torch.randint(3, vocab, (1, 9), generator=g)
    seq, gap = prompt, 9.0
    for _ in range(8):
        row = run(seq)[0, -1]
        top = row.topk(2).values
        gap = min(gap, float(top[0] - top[1]))
        seq = torch.cat([seq, row.argmax()[None, None]], 1)
    i32 = lambda t: t.to(torch.int32).contiguous()
    save_file({'input_ids': i32(ids), 'logits': logits.contiguous(), 'prompt_ids': i32(prompt), 'greedy_ids': i32(seq)}, path)
    return logits, gap

# As transformers 4 spells the same configuration.
HYBRID = {'bamba', 'jamba', 'granitemoehybrid', 'nemotron_h', 'zamba2'}
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

# All of a folder in one file.
def pack(folder, tensors, fmt):
    golden_bytes = open(folder + '/golden.safetensors', 'rb').read()
    packed = {'config': open(folder + '/config.json').read(), 'format': fmt, 'tensors': tensors, 'golden': base64.b64encode(golden_bytes).decode()}
    with open(folder + '.json.gz', 'wb') as f: f.write(gzip.compress(json.dumps(packed, separators=(',', ':')).encode(), 9, mtime=0))
    shutil.rmtree(folder)

# The gated norm per group, where transformers normalises the full width.
def grouped(module, groups):
    def forward(hidden, gate=None):
        x = hidden.float()
        if gate is not None: x = x * torch.nn.functional.silu(gate.float())
        y = x.unflatten(-1, (groups, -1))
        y = y * torch.rsqrt(y.pow(2).mean(-1, keepdim=True) + module.variance_epsilon)
        return module.weight * y.flatten(-2)
    module.forward = forward

def hf_variant(index, v):
    from transformers import AutoConfig, AutoModelForCausalLM
    folder = f"{WORK}/{v['name']}"
    kw = dict(v['config'])
    kind = kw.pop('model_type')
    config = AutoConfig.for_model(kind, **kw)
    model = AutoModelForCausalLM.from_config(config, attn_implementation='eager').float().eval()
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
    state = load_file(folder + '/model.safetensors')
    untied = any('lm_head' in k for k in state)
    tensors = {k: ['f32' if 'correction_bias' in k else 'bf16', list(t.shape), *spread(k, t, untied)] for k, t in sorted(state.items())}
    made_state = {k: made(k, t[1], t[2], t[3]) for k, t in tensors.items()}
    save_file({k: t.float() if tensors[k][0] == 'f32' else t for k, t in made_state.items()}, folder + '/model.safetensors', metadata={'format': 'pt'})
    load = lambda: AutoModelForCausalLM.from_pretrained(folder, attn_implementation='eager', dtype=torch.float32).eval()
    notes = ''
    write_config(folder, c)
    try: again = load()
    except Exception as error:
        notes = 'as saved: ' + str(error)[:60].replace('\n', ' ')
        write_config(folder, raw); again = load(); write_config(folder, c)
    if v.get('groups'):
        for _, m in again.named_modules():
            if 'RMSNormGated' in type(m).__name__: grouped(m, v['groups'])
    logits, gap = golden(again, kw['vocab_size'], index, folder + '/golden.safetensors', use_cache=False)
    pack(folder, tensors, v.get('format', 'single'))
    return f"std {logits.std():.2f} gap {gap:.1e} {notes}"

def main():
    from variants import variants, ssm_variants
    only = sys.argv[1].split(',') if len(sys.argv) > 1 else None
    import transformers
    transformers.logging.disable_progress_bar()
    torch.set_num_threads(8)
    torch.manual_seed(0)
    print('torch', torch.__version__, 'transformers', transformers.__version__)
    def ssm_job(i, v):
        import ssm
        return ssm.variant(i, v)
    jobs = [(hf_variant, i, v) for i, v in enumerate(variants)] + [(ssm_job, 500 + i, v) for i, v in enumerate(ssm_variants)]
    failed = 0
    for job, i, v in jobs:
        if only and v['name'] not in only: continue
        try: print(f"{v['name']:38} {job(i, v)}")
        except Exception as error:
            failed += 1
            shutil.rmtree(f"{WORK}/{v['name']}", ignore_errors=True)
            where = traceback.extract_tb(error.__traceback__)[-1]
            print(v['name'], f'ERROR {type(error).__name__}: {str(error)[:400]} at {where.filename[-50:]}:{where.lineno}')
        sys.stdout.flush()
    print('failed', failed)

if __name__ == '__main__':
    sys.modules['make'] = sys.modules['__main__']
    main()
