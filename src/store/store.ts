import type { Json } from '../json.ts'
import type { Answers } from './answers.ts'
import type { Breakers } from './breakers.ts'
import type { Event, Fact, Owner } from './events.ts'
import type { Glances } from './glances.ts'
import type { History } from './history.ts'
import type { Memories } from './memories.ts'
import type { Rates } from './rates.ts'
import type { Removal } from './removal.ts'
import type { Spending } from './spending.ts'
import type { RunState } from './states.ts'
import type { Sweep } from './sweep.ts'
import type { Tags } from './tags.ts'
import type { Tally } from './tally.ts'

/** The one place that keeps runs. Narrow, so that another database can take its place; async, for the same reason. */
export interface Store {
  /** Creates a run with its first fact, and gives its lease to `owner`. */
  create(run: NewRun, owner: Owner, fact: TimedFact): Promise<Lease>
  /**
   * Takes a run over. Rejects with `run-owned` while another process holds it: one whose heart beat within the last
   * 15 seconds and which, on this host, is still alive.
   */
  acquire(run: string, owner: Owner): Promise<Lease>
  /**
   * Appends facts, all or none; they are durable when this resolves. Rejects with `lease-lost` when the run has a
   * new owner: nothing was written then, and nothing of this lease ever will be.
   */
  commit(lease: Lease, facts: readonly TimedFact[]): Promise<readonly Event[]>
  beat(lease: Lease): Promise<void>
  /** Lets the lease go, so that another process need not wait for the heart to stop. */
  release(lease: Lease): Promise<void>
  /**
   * Takes in a run that happened elsewhere, all or nothing; nobody holds it. What it cost is no bill of this store. False
   * when there is a run of that id.
   */
  adopt(run: Adoption, facts: Iterable<TimedFact>): Promise<boolean>
  /** Facts of a run after position `after`, in order; the first `most` of them. */
  events(run: string, after?: number, most?: number): Promise<readonly Event[]>
  run(id: string): Promise<RunRow | undefined>
  /** Newest first. */
  runs(query?: RunQuery): Promise<readonly RunRow[]>
  /** Those that were interrupted, newest first. */
  stopped(): Promise<readonly RunRow[]>
  /** Those that wait, and can go on: something they wait for is over or answered. Longest due first. */
  due(): Promise<readonly RunRow[]>
  /**
   * Leaves a word for a run; any process may, at any time. False when it was an answer to what somebody else has answered
   * before: the first one counts, and this one is not kept.
   */
  signal(run: string, signal: Omit<Signal, 'id'>): Promise<boolean>
  signals(run: string, after: number): Promise<readonly Signal[]>
  readonly answers: Answers
  readonly breakers: Breakers
  readonly glances: Glances
  readonly history: History
  readonly memories: Memories
  readonly rates: Rates
  readonly removal: Removal
  readonly spending: Spending
  readonly sweep: Sweep
  readonly tags: Tags
  close(): Promise<void>
}

export interface NewRun {
  readonly id: string
  readonly team: string
  readonly path: string
  readonly rehearsal: boolean
}

/** A run as it was elsewhere: what is folded from its events, and how many there are. */
export interface Adoption extends NewRun, Tally {
  readonly state: RunState
  readonly createdAt: number
  readonly updatedAt: number
  readonly epoch: number
  readonly imported: number
}

/** The right to write to a run, until somebody else acquires it. */
export interface Lease {
  readonly run: string
  readonly epoch: number
  /** Position of the last event of the run, as far as this lease knows. */
  seq: number
}

export type TimedFact = Fact & { readonly at: number }

export interface RunRow extends NewRun {
  readonly createdAt: number
  readonly updatedAt: number
  /** `interrupted` also when its process is gone without a word. */
  readonly state: RunState
  /** Stop reason: an error code, when it did not succeed. */
  readonly stop?: string
  readonly tokens: number
  readonly usd: number
  /** Some of its model calls have no known price. */
  readonly unpriced: boolean
  /** The run that it was forked from. */
  readonly parent?: string
  /** Who runs it now; absent when nobody does. */
  readonly owner?: Owner
}

export interface RunQuery {
  readonly idPrefix?: string
  /** Its name. */
  readonly team?: string
  /** Created then or later, in milliseconds since the epoch. */
  readonly since?: number
  readonly limit?: number
  /** Those that are under way or wait are among them whatever the limit, and the prefix. */
  readonly withOpen?: boolean
}

export interface Signal {
  readonly id: number
  /** An answer, guidance for an agent, or what is to become of the run. */
  readonly kind: 'answer' | 'tell' | 'pause' | 'cancel'
  /** Of the question; or who is told. Empty for the run as a whole. */
  readonly key: string
  readonly value: Json
  readonly by: string
  readonly at: number
  /** By which way it came: a command, a webhook. */
  readonly via?: string
  /** Hash of what the person was shown. */
  readonly saw?: string
}
