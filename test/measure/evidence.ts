import { measureFile } from "../../src/engine/pass.ts";
import { MemorySource } from "../../src/formats/source.ts";
import type { TensorSpan } from "../../src/formats/tensor.ts";
import { AnomalyDetector, type TensorEvidence } from "../../src/measure/anomaly.ts";
import type { Finding } from "../../src/model/mod.ts";

/** A tensor of a model in memory; named like a matrix of the first layer unless told otherwise. */
export interface MadeTensor {
  readonly name?: string;
  readonly type: string;
  readonly shape?: readonly number[];
  readonly bytes: Uint8Array;
}

/** Measures tensors laid one after another. */
export async function evidenceOf(tensors: readonly MadeTensor[]): Promise<TensorEvidence[]> {
  const bytes = new Uint8Array(tensors.reduce((sum, tensor) => sum + tensor.bytes.length, 0));
  let offset = 0;
  const spans = tensors.map(
    ({ name = "blk.0.ffn_up.weight", type, shape = [256, 1024], bytes: part }): TensorSpan => {
      bytes.set(part, offset);
      const span = { name, type, shape, offset, sizeBytes: part.length };
      offset += part.length;
      return span;
    },
  );
  const found: TensorEvidence[] = [];
  await measureFile({
    source: new MemorySource(bytes),
    spans,
    want: "digests-and-statistics",
    onTensor: ({ span, statistics }) => {
      if (statistics !== null) found.push({ span, statistics });
    },
  }, null);
  return found;
}

export async function findingsIn(tensors: readonly MadeTensor[]): Promise<Finding[]> {
  const detector = new AnomalyDetector();
  const own = (await evidenceOf(tensors)).flatMap((evidence) => detector.add(evidence));
  return [...own, ...detector.finish()];
}
