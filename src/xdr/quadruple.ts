/**
 * Conversion between a `quadruple` (RFC 4506 §4.8) and the nearest JavaScript number.
 *
 * A quadruple is an IEEE 754 binary128: 1 sign bit, 15 exponent bits (bias 16383), 112 fraction bits, big-endian.
 * A number is a binary64: 11 exponent bits (bias 1023), 52 fraction bits. Each number has an exact quadruple,
 * not the other way round.
 */

const QUADRUPLE_BIAS = 16383n;
const DOUBLE_BIAS = 1023n;
const FRACTION_BITS_DROPPED = 60n;

const scratch = new DataView(new ArrayBuffer(16));

/** The 16 bytes of the quadruple that equals `value`. Exact, subnormals, infinities and NaN included. */
export function quadrupleFromNumber(value: number): Uint8Array {
  scratch.setFloat64(0, value);
  const bits = scratch.getBigUint64(0);
  const sign = bits >> 63n;
  let exponent = (bits >> 52n) & 0x7ffn;
  let fraction = bits & 0xf_ffff_ffff_ffffn;
  if (exponent === 0x7ffn) {
    exponent = 0x7fffn;
  } else if (exponent !== 0n) {
    exponent += QUADRUPLE_BIAS - DOUBLE_BIAS;
  } else if (fraction !== 0n) {
    exponent = QUADRUPLE_BIAS - DOUBLE_BIAS + 1n;
    while ((fraction & (1n << 52n)) === 0n) {
      fraction <<= 1n;
      exponent -= 1n;
    }
    fraction &= 0xf_ffff_ffff_ffffn;
  }
  const quadruple = (sign << 127n) | (exponent << 112n) | (fraction << FRACTION_BITS_DROPPED);
  scratch.setBigUint64(0, quadruple >> 64n);
  scratch.setBigUint64(8, BigInt.asUintN(64, quadruple));
  return new Uint8Array(scratch.buffer.slice(0, 16));
}

/** The number nearest to a quadruple, ties to even; ±Infinity where the quadruple is beyond the numbers. */
export function quadrupleToNumber(bytes: Uint8Array): number {
  if (bytes.length !== 16) throw new RangeError(`a quadruple has 16 bytes, not ${bytes.length}`);
  new Uint8Array(scratch.buffer).set(bytes);
  const quadruple = (scratch.getBigUint64(0) << 64n) | scratch.getBigUint64(8);
  const sign = quadruple >> 127n === 1n ? -1 : 1;
  const exponent = (quadruple >> 112n) & 0x7fffn;
  const fraction = BigInt.asUintN(112, quadruple);
  if (exponent === 0x7fffn) return fraction === 0n ? sign * Infinity : Number.NaN;
  if (exponent === 0n) return sign * 0;
  const significand = (1n << 112n) | fraction;
  return sign * scale(significand, Number(exponent - QUADRUPLE_BIAS) - 112);
}

/** significand × 2^exponent, rounded once. */
function scale(significand: bigint, exponent: number): number {
  const leastExponent = -1074;
  const topBit = exponent + 112;
  if (topBit > 1023) return Infinity;
  const dropBits = Math.max(60, leastExponent - exponent);
  if (dropBits > 113) return 0;
  const rounded = roundToEven(significand, BigInt(dropBits));
  const power = exponent + dropBits;
  return power < -1022 ? Number(rounded) * 2 ** -1022 * 2 ** (power + 1022) : Number(rounded) * 2 ** power;
}

function roundToEven(value: bigint, dropBits: bigint): bigint {
  const kept = value >> dropBits;
  const dropped = value - (kept << dropBits);
  const half = 1n << (dropBits - 1n);
  const up = dropped > half || (dropped === half && (kept & 1n) === 1n);
  return up ? kept + 1n : kept;
}
