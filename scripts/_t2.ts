const t0 = performance.now();
const out: string[] = [`start ${t0.toFixed(1)}`];
let last = t0;
const lap = (n: string) => {
  const t = performance.now();
  out.push(`${n} ${(t - last).toFixed(1)}`);
  last = t;
};
await import(String("node:path"));
lap("path");
await import(String("node:fs"));
lap("fs");
await import(String("node:crypto"));
lap("crypto");
for (const m of Deno.args) {
  await import(String(m));
  lap(m);
}
console.log(out.join("  "), "total", performance.now().toFixed(1));
