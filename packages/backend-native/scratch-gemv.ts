import { native, ceilingMeter } from './src/index.js';
import { tensorOn, compile, matmul } from '@hybra/tensor';
const threads = Number(process.argv[2] ?? 1);
const device = await native({ threads }).open();
const meter = await ceilingMeter({ threads }, 2**27);
function rand(n: number) { const a = new Float32Array(n); for (let i=0;i<n;i++) a[i]=Math.random()-0.5; return a; }
const shapes: any[] = [[1,768,50288,'f32'],[1,768,50288,'f16'],[1,768,50288,'bf16'],[2,768,50288,'f16'],[1,1536,24000,'f16'],[512,768,3352,'f16'],[8,768,3352,'f16'],[16,768,3352,'f16']];
const progs: any[] = [];
const bufs = shapes.map(([M,K,N,dt]) => { 
  const S = [device.allocate(M*K*4), device.allocate(N*K*(dt==='f32'?4:2)), device.allocate(M*N*4)];
  device.write(S[0], 0, new Uint8Array(rand(M*K).buffer)); const w = new Uint8Array(S[1].byteLength); for (let i=0;i<w.length;i++) w[i] = i%2 ? 0x30 : 1; device.write(S[1],0,w); return S; });
const c = (M:number,K:number,N:number,dt:any) => ({ op:'matmul', attributes:{transposeA:false,transposeB:true}, inputs:[{dtype:'f32',shape:[M,K],strides:[K,1],offset:0,buffer:0},{dtype:dt,shape:[N,K],strides:[K,1],offset:0,buffer:1}], outputs:[{dtype:'f32',shape:[M,N],strides:[N,1],offset:0,buffer:2}] });
const ex: any[] = [];
for (const [i,[M,K,N,dt]] of shapes.entries()) { const call: any = c(M,K,N,dt); const s: any = device.supports(call); call.kernel = s.kernel; call.scratch={buffer:3, byteLength:s.scratchBytes};
  ex.push(await device.compile({ specVersion:1, label:'x', bindings:bufs[i].map((b:any,j:number)=>({name:''+j,role:j==2?'output':'input',byteLength:b.byteLength})), segments:[s.scratchBytes], buffers:[...bufs[i].map((b:any,j:number)=>({location:{kind:'binding',index:j},byteLength:b.byteLength})),{location:{kind:'arena',segment:0,byteOffset:0},byteLength:s.scratchBytes}], calls:[call] } as any, { timings:true })); }
let flops=0,bw=0; const best = shapes.map(()=>1e18);
for (let r=0;r<25;r++) { const m = meter.measure(); flops=Math.max(flops,m.operationsPerSecond); bw=Math.max(bw,m.readBytesPerSecond);
 for (const [i] of shapes.entries()) { for (let k=0;k<3;k++) { ex[i].run(bufs[i]); const [t] = await ex[i].timings(); best[i]=Math.min(best[i]!, t); } } }
console.log(`${threads} threads: peak ${(flops/1e9).toFixed(1)} GFLOP/s, read ${(bw/1e9).toFixed(1)} GB/s`);
for (const [i,[M,K,N,dt]] of shapes.entries()) { const ns=best[i]!; const g=M*K*N*2/ns; const gb=K*N*(dt==='f32'?4:2)/ns;
 console.log(`${M}x${K}x${N} ${dt}`.padEnd(22), (ns/1e6).toFixed(3),'ms', g.toFixed(1).padStart(7),'GFLOP/s', (100*g*1e9/flops).toFixed(0)+'%', gb.toFixed(1),'GB/s', (100*gb*1e9/bw).toFixed(0)+'%'); }
await device.dispose(); await meter[Symbol.asyncDispose]();
