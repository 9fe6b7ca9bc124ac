import assert from "node:assert/strict";
import {
  type Chunk,
  HEAD,
  PADDING,
  planChunks,
  PlanCursor,
  type Region,
  StretchCursor,
} from "../../src/engine/plan.ts";

function plan(regions: Region[], sizeBytes: number, chunkBytes: number): Chunk[] {
  return [...planChunks(regions, sizeBytes, chunkBytes)];
}

const at = (offset: number, sizeBytes: number, cutBytes = 1): Region => ({ offset, sizeBytes, cutBytes });

Deno.test("planChunks() covers every byte exactly once and cuts only where it may", () => {
  const regions = [at(10, 95, 20), at(105, 0), at(110, 7), at(117, 300, 30), at(420, 64, 64)];
  for (const chunkBytes of [64, 65, 100, 128, 1000]) {
    let next = 0;
    const seen = new Map<number, number>();
    for (const [index, chunk] of plan(regions, 500, chunkBytes).entries()) {
      assert.equal(chunk.index, index);
      assert.equal(chunk.offset, next);
      assert.ok(chunk.length > 0 && chunk.length <= chunkBytes);
      let inChunk = 0;
      for (const piece of chunk.pieces) {
        assert.equal(piece.at, inChunk);
        const region = regions[piece.region];
        if (region !== undefined) {
          assert.equal(piece.offset, seen.get(piece.region) ?? 0);
          assert.equal(piece.offset % region.cutBytes, 0);
          assert.equal(region.offset + piece.offset, next + inChunk);
          seen.set(piece.region, piece.offset + piece.length);
        }
        inChunk += piece.length;
      }
      assert.equal(inChunk, chunk.length);
      next += chunk.length;
    }
    assert.equal(next, 500);
    assert.deepEqual([...seen], [[0, 95], [2, 7], [3, 300], [4, 64]]);
  }
});

Deno.test("planChunks() calls what lies before the first tensor head and every later gap padding", () => {
  const pieces = plan([at(4, 4), at(12, 4)], 20, 64).flatMap((chunk) => chunk.pieces);
  assert.deepEqual(pieces.map(({ region, length }) => [region, length]), [
    [HEAD, 4],
    [0, 4],
    [PADDING, 4],
    [1, 4],
    [PADDING, 4],
  ]);
});

const refused: [why: string, regions: Region[], sizeBytes: number][] = [
  ["overlapping tensors", [at(0, 10), at(9, 10)], 100],
  ["a tensor beyond the end", [at(0, 10)], 9],
];
for (const [why, regions, sizeBytes] of refused) {
  Deno.test(`planChunks() refuses ${why}`, () => {
    assert.throws(() => plan(regions, sizeBytes, 64), RangeError);
  });
}

Deno.test("an empty file has no chunks", () => assert.deepEqual(plan([], 0, 64), []));

Deno.test("PlanCursor finds later chunks and says when there is none", () => {
  const cursor = new PlanCursor(planChunks([], 10, 4));
  assert.equal(cursor.at(1)?.offset, 4);
  assert.equal(cursor.at(1)?.offset, 4);
  assert.equal(cursor.at(2)?.offset, 8);
  assert.equal(cursor.at(3), null);
});

Deno.test("StretchCursor cuts chunks by stretches, whatever the regions are", () => {
  const stretches = [at(0, 0), at(3, 7), at(10, 0), at(10, 30), at(45, 0), at(50, 200), at(300, 0)];
  for (const chunkBytes of [1, 2, 7, 10, 64, 1000]) {
    const cursor = new StretchCursor(stretches);
    const next = stretches.map(() => 0);
    for (const chunk of plan([at(5, 20, 1), at(60, 100, 1)], 300, chunkBytes)) {
      for (const { region, at, offset, length } of cursor.piecesOf(chunk)) {
        assert.equal(offset, next[region]);
        assert.equal(stretches[region]?.offset, chunk.offset + at - offset);
        assert.ok(length > 0 && at + length <= chunk.length);
        next[region] = offset + length;
      }
    }
    assert.deepEqual(next, stretches.map(({ sizeBytes }) => sizeBytes), `${chunkBytes}`);
  }
});
