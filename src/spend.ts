/** Tokens and dollars. Input tokens include the cached ones. */
export interface Spend {
  readonly input: number
  readonly output: number
  readonly cached: number
  /** US dollars; absent when the price of the model is unknown. */
  readonly usd?: number
  /** The provider did not say; this is our conservative count. */
  readonly estimated?: boolean
}
