import { native, ceilingMeter } from './src/index.js';
import { tensorOn, compile, matmul } from '@hybra/tensor';
const threads = Number(process.argv[2] ?? 1);
const device = await native({ threads }).open();
const meter = await ceilingMeter({ threads });
function rand(n: number) { const a = new Float32Array(n); for (let i=0;i<n;i++) a[i]=Math.random()-0.5; return a; }
const shapes: [number,number,number,'f32'|'f16'|'bf16'][] = [[512,768,3352,'f32'],[512,768,3352,'f16'],[512,1536,768,'f32'],[512,3072,768,'f32'],[64,768,3352,'f32'],[16,768,3352,'f32'],[4,768,3352,'f32'],[1,768,50288,'f32'],[1,768,50288,'f16'],[1,768,50288,'bf16'],[1,1536,768,'f32'],[1,768,3352,'f32']];
const best: Record<string, number> = {}; let flops=0, bw=0;
const progs: any[] = [];
for (const [M,K,N,dt] of shapes) {
  const a = tensorOn(device, rand(M*K), [M,K], 'f32');
  const half = dt==='f32'? rand(N*K) : new Uint16Array(N*K).fill(dt === 'f16' ? 0x3001 : 0x3c01);
  const b = tensorOn(device, half as any, [N,K], dt);
  const p: any = await compile({ label:'m', device, build: () => ({ outputs: { y: matmul(a, b, { transposeB: true }) } }) });
  progs.push([M,K,N,dt,p]);
}
for (let r=0;r<6;r++) {
  const c = meter.measure(); flops=Math.max(flops,c.operationsPerSecond); bw=Math.max(bw,c.readBytesPerSecond);
  for (const [M,K,N,dt,p] of progs) {
    const n = Math.max(1, Math.ceil(1e9/(M*K*N*2)));
    p.run(); await device.synchronize();
    const t=performance.now(); for (let i=0;i<n;i++) p.run(); await device.synchronize();
    const ms=(performance.now()-t)/n; const k=`${M}x${K}x${N} ${dt}`; best[k]=Math.min(best[k]??1e9, ms);
  }
}
console.log(`${threads} threads: peak ${(flops/1e9).toFixed(1)} GFLOP/s, read ${(bw/1e9).toFixed(1)} GB/s`);
for (const [M,K,N,dt] of progs) { const k=`${M}x${K}x${N} ${dt}`; const ms=best[k]!; const g=M*K*N*2/ms/1e6; const gb=K*N*(dt==='f32'?4:2)/ms/1e6;
 console.log(k.padEnd(22), ms.toFixed(3),'ms', g.toFixed(1).padStart(7),'GFLOP/s', (100*g*1e9/flops).toFixed(0)+'%', gb.toFixed(1),'GB/s', (100*gb*1e9/bw).toFixed(0)+'%'); }
await device.dispose(); await meter[Symbol.asyncDispose]();
