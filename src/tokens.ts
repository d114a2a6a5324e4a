/**
 * Tokens of `text`, rather too many than too few and without a tokenizer: prose has four bytes and more to a token,
 * program text and tables about three.
 */
export function countTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 3)
}
