import type { GgufMetadata } from '../gguf-metadata.js';
import { type GgufVocabulary, tokenKinds } from './vocabulary.js';

/** Wire types of protocol buffers. */
const varint = 0;
const lengthDelimited = 2;
const fixed32 = 5;

/**
 * A SentencePiece model file from a vocabulary with scores: the message `ModelProto` of sentencepiece_model.proto,
 * with the fields that a reader needs. The algorithm is BPE with bytes for what is unknown, as in Llama.
 * @throws E_FORMAT without a score for each token
 */
export function encodeSentencePiece(metadata: GgufMetadata, vocabulary: GgufVocabulary): Uint8Array {
  const { tokens, kinds } = vocabulary;
  const scores = metadata.numbers('tokenizer.ggml.scores') ?? [];
  if (scores.length !== tokens.length) {
    throw metadata.wrong('tokenizer.ggml.scores', `one for each of ${tokens.length} tokens`);
  }
  const message = new Message();
  for (const [id, token] of tokens.entries()) {
    const piece = new Message();
    piece.bytes(1, new TextEncoder().encode(token));
    piece.float(2, scores[id]!);
    piece.integer(3, kinds[id] ?? tokenKinds.normal);
    message.bytes(1, piece.take());
  }
  const trainer = new Message();
  trainer.integer(3, 2); // BPE
  trainer.integer(35, kinds.includes(tokenKinds.byte) ? 1 : 0);
  for (const [field, key] of [
    [40, 'unknown'],
    [41, 'bos'],
    [42, 'eos'],
  ] as const) {
    const id = metadata.number(`tokenizer.ggml.${key}_token_id`);
    if (id !== undefined && Number.isInteger(id) && id >= 0 && id < tokens.length) trainer.integer(field, id);
  }
  message.bytes(2, trainer.take());
  const normalizer = new Message();
  normalizer.integer(3, (metadata.flag('tokenizer.ggml.add_space_prefix') ?? true) ? 1 : 0);
  normalizer.integer(4, metadata.flag('tokenizer.ggml.remove_extra_whitespaces') === true ? 1 : 0);
  normalizer.integer(5, 1);
  message.bytes(3, normalizer.take());
  return message.take();
}

/** Collects the fields of a message. */
class Message {
  #bytes = new Uint8Array(64);
  #length = 0;

  integer(field: number, value: number): void {
    this.#varint(field * 8 + varint);
    this.#varint(value);
  }

  float(field: number, value: number): void {
    this.#varint(field * 8 + fixed32);
    this.#append(new Uint8Array(Float32Array.of(value).buffer));
  }

  bytes(field: number, value: Uint8Array): void {
    this.#varint(field * 8 + lengthDelimited);
    this.#varint(value.byteLength);
    this.#append(value);
  }

  take(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #varint(value: number): void {
    const parts: number[] = [];
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) parts.push((rest % 128) + 128);
    parts.push(rest);
    this.#append(Uint8Array.from(parts));
  }

  #append(part: Uint8Array): void {
    const end = this.#length + part.byteLength;
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(2 * end);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(part, this.#length);
    this.#length = end;
  }
}
