/**
 * What one invocation may do to others while it works: data, so that it can be journaled and handed to another
 * process. Models get a tool for each, programs say it in JSON.
 */
export interface Grants {
  /** Agents that it may pass control to. */
  readonly handOff?: readonly string[]
  /** Topics that it may publish to. */
  readonly publish?: readonly string[]
  /** Agents that it may write to. */
  readonly send?: readonly string[]
  /** Names on the board that it may write; it may read everything. */
  readonly write?: readonly string[]
}
