import assert from "node:assert/strict";
import { fromUnits, toUnits } from "../../src/measure/exact_sum.ts";
import { gauss, seededRandom } from "./synthetic.ts";

const exact = [0, 1, -1, 0.1, 5e-324, -5e-324, 2 ** -1022, 1e300, -1.5e-300, Number.MAX_VALUE, Math.PI];
for (const value of exact) {
  Deno.test(`${value} survives the way to units and back`, () =>
    assert.equal(fromUnits(toUnits(value)), value));
}

Deno.test("a sum is the same in every order and loses nothing", () => {
  const random = seededRandom(3);
  const values = Array.from({ length: 1000 }, () => gauss(random) * 10 ** (40 * random() - 20));
  const sum = (list: readonly number[]) => list.reduce((total, value) => total + toUnits(value), 0n);
  assert.equal(sum(values), sum([...values].reverse()));
  assert.equal(fromUnits(sum([1e300, 1, -1e300])), 1);
});
