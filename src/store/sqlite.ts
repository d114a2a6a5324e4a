import type { Clock } from '../clock.ts'
import { CrewError } from '../errors.ts'
import type { Spend } from '../spend.ts'
import { type Answers, createAnswers } from './answers.ts'
import { type Breakers, createBreakers } from './breakers.ts'
import { decode, encode, type Row } from './codec.ts'
import { type Connection, connect } from './connection.ts'
import type { Event, Owner } from './events.ts'
import { createGlances, type Glances } from './glances.ts'
import { createHistory, type History } from './history.ts'
import { isAlive, markOf } from './lease.ts'
import { createMemories, type Memories } from './memories.ts'
import { createRates, type Rates } from './rates.ts'
import { createRemoval, type Removal } from './removal.ts'
import { holderOf, type RawRun, toRunRow } from './row.ts'
import { createSpending, type Spending } from './spending.ts'
import { prepare } from './statements.ts'
import type { Adoption, Lease, NewRun, RunQuery, RunRow, Signal, Store, TimedFact } from './store.ts'
import { createSweep, type Sweep } from './sweep.ts'
import { createTags, type Tags } from './tags.ts'
import { tallyOf } from './tally.ts'
import { spentIn } from './view.ts'

/** Opens the store in the file `path`, creating it when it is not there. With `readOnly`, every write to it is refused. */
export async function openStore(
  path: string,
  clock: Clock,
  options?: { readonly readOnly?: boolean },
): Promise<Store> {
  const connection = await connect(path, clock, options)
  try {
    // Statements are prepared here: a schema that is damaged shows.
    return connection.read(() => new SqliteStore(connection))
  } catch (error) {
    connection.database.close()
    throw error
  }
}

class SqliteStore implements Store {
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
  private readonly connection: Connection
  private readonly clock: Clock
  private readonly sql: ReturnType<typeof prepare>

  constructor(connection: Connection) {
    this.connection = connection
    this.clock = connection.clock
    this.sql = prepare(connection.database)
    this.answers = createAnswers(connection)
    this.breakers = createBreakers(connection)
    this.glances = createGlances(connection)
    this.history = createHistory(connection)
    this.memories = createMemories(connection)
    this.rates = createRates(connection)
    this.removal = createRemoval(connection)
    this.spending = createSpending(connection)
    this.sweep = createSweep(connection)
    this.tags = createTags(connection)
  }

  async create(run: NewRun, owner: Owner, fact: TimedFact): Promise<Lease> {
    const lease: Lease = { run: run.id, epoch: 1, seq: 0 }
    await this.connection.write(() => {
      const { epoch } = lease
      const row = {
        ...run,
        ...owner,
        ...markOf(owner),
        ...this.time(),
        rehearsal: Number(run.rehearsal),
        parent: tallyOf([fact]).parent,
        epoch,
      }
      this.sql.insertRun.run(row)
      this.append(lease, [fact])
    })
    lease.seq = 1
    return lease
  }

  async acquire(run: string, owner: Owner): Promise<Lease> {
    return this.connection.write(() => {
      const row = this.sql.run.get(run) as RawRun | undefined
      if (!row)
        throw new CrewError('run-not-found', `there is no run ${run}`, {
          hint: 'see what there is with: crew ls',
        })
      const holder = holderOf(row)
      if (holder && isAlive(holder, this.clock)) {
        throw new CrewError(
          'run-owned',
          `run ${run} is being run by process ${holder.pid} on ${holder.host}`,
          {
            hint: `watch it with: crew logs ${run} --follow`,
          },
        )
      }
      const epoch = row.epoch + 1
      this.sql.acquire.run({ ...owner, ...markOf(owner), ...this.time(), run, epoch })
      return { run, epoch, seq: (this.sql.lastSeq.get(run) as number | null) ?? 0 }
    })
  }

  async commit(lease: Lease, facts: readonly TimedFact[]): Promise<readonly Event[]> {
    await this.connection.write(() => this.append(lease, facts))
    return facts.map(fact => {
      lease.seq += 1
      return Object.assign({}, fact, { seq: lease.seq })
    })
  }

  async beat(lease: Lease): Promise<void> {
    await this.connection.write(() => this.fence(this.sql.beat.run({ ...lease, ...this.time() }), lease))
  }

  async release(lease: Lease): Promise<void> {
    await this.connection.write(() => this.sql.release.run(lease))
  }

  async adopt(run: Adoption, facts: Iterable<TimedFact>): Promise<boolean> {
    return this.connection.write(() => {
      if (this.sql.run.get(run.id)) return false
      this.sql.clearEvents.run(run.id)
      // What it has cost here before somebody removed it stays on the bill, under a name of its own.
      const former = `${run.id}-removed-${this.clock.now()}`
      this.sql.renameBills.run(former, run.id)
      this.sql.renameRemoved.run(former, run.id)
      this.sql.adoptRun.run({ ...run, rehearsal: Number(run.rehearsal) })
      const lease: Lease = { run: run.id, epoch: run.epoch, seq: 0 }
      for (const fact of facts) this.insert(lease, fact)
      return true
    })
  }

  async events(run: string, after = 0, most = -1): Promise<readonly Event[]> {
    return this.connection.read(() =>
      (this.sql.events.all(run, after, most) as RawEvent[]).map(([seq, at, type, data, refs]) =>
        decode({ seq, at, type, data, refs }, id => this.sql.payload.get(id) as string | undefined),
      ),
    )
  }

  async run(id: string): Promise<RunRow | undefined> {
    return this.connection.read(() => {
      const row = this.sql.run.get(id) as RawRun | undefined
      return row && toRunRow(row, this.clock)
    })
  }

  async runs(query: RunQuery = {}): Promise<readonly RunRow[]> {
    const { idPrefix = '', team = null, since = 0, limit = -1, withOpen = false } = query
    const meant = { from: idPrefix, to: `${idPrefix}\uffff`, team, since, limit }
    const { runs, runsNamed, openRuns } = this.sql
    const statement = withOpen ? openRuns : idPrefix === '' ? runs : runsNamed
    return this.connection.read(() =>
      (statement.all(meant) as RawRun[]).map(row => toRunRow(row, this.clock)),
    )
  }

  async stopped(): Promise<readonly RunRow[]> {
    return this.connection.read(() =>
      (this.sql.stoppedRuns.all() as RawRun[])
        .map(row => toRunRow(row, this.clock))
        .filter(({ state }) => state === 'interrupted'),
    )
  }

  async due(): Promise<readonly RunRow[]> {
    const now = this.clock.now()
    return this.connection.read(() =>
      (this.sql.dueRuns.all(now) as RawRun[])
        .map(row => toRunRow(row, this.clock))
        .filter(({ state, owner }) => state === 'waiting' && !owner),
    )
  }

  async signal(run: string, signal: Omit<Signal, 'id'>): Promise<boolean> {
    const { value, via = null, saw = null } = signal
    const row = { run, ...signal, value: JSON.stringify(value), via, saw }
    return this.connection.write(() => {
      const isKept = this.sql.signal.run(row).changes === 1
      if (isKept && signal.kind === 'answer') this.sql.noteAnswer.run({ run })
      return isKept
    })
  }

  async signals(run: string, after: number): Promise<readonly Signal[]> {
    return this.connection.read(() =>
      (this.sql.signals.all(run, after) as RawSignal[]).map(({ value, via, saw, ...signal }) => ({
        ...signal,
        value: JSON.parse(value),
        ...(via !== null && { via }),
        ...(saw !== null && { saw }),
      })),
    )
  }

  async close(): Promise<void> {
    this.connection.database.close()
  }

  private time() {
    return { now: this.clock.now(), uptime: this.clock.uptime() }
  }

  /** Runs inside a transaction of the caller. The epoch is checked here: a process that lost the run cannot write. */
  private append(lease: Lease, facts: readonly TimedFact[]): void {
    const row = Object.assign({}, lease, tallyOf(facts), this.time())
    this.fence(this.sql.advance.run(row), lease)
    if (row.state !== null) this.sql.enterState.run(row)
    const next = { ...lease }
    for (const fact of facts) {
      this.insert(next, fact)
      const spent = spentIn(fact)
      if (spent) this.bill(lease.run, next.seq, fact.at, spent)
      this.spending.settle(lease.run, fact)
    }
    // What it waits for may have been answered while it was on its way to that.
    if (facts.at(-1)?.type === 'run.waiting') this.sql.noteAnswer.run({ run: lease.run })
  }

  private insert(lease: Lease, fact: TimedFact): void {
    lease.seq += 1
    const { type, at, data, large } = encode(fact)
    const refs = large.map(({ field, hash, json }) => [field, this.keep(hash, json)])
    const named = large.length > 0 ? JSON.stringify(Object.fromEntries(refs)) : null
    this.sql.insertEvent.run(lease.run, lease.seq, at, type, data, named)
  }

  private bill(run: string, seq: number, at: number, spent: Spend): void {
    const { agent = null, model = null, input, output, cached, usd = null, estimated = false } = spent
    this.sql.insertSpending.run(run, seq, at, agent, model, input, output, cached, usd, Number(estimated))
  }

  private keep(hash: string, json: string): number {
    this.sql.insertPayload.run(hash, json)
    return this.sql.payloadId.get(hash) as number
  }

  private fence({ changes }: { changes: number }, { run, epoch }: Lease): void {
    if (changes === 1) return
    throw new CrewError(
      'lease-lost',
      `run ${run} was taken over by another process (this one had epoch ${epoch})`,
      {
        hint: `watch it with: crew logs ${run} --follow`,
      },
    )
  }
}

/** In the order of the columns: a journal has many. */
type RawEvent = [Row['seq'], Row['at'], Row['type'], Row['data'], Row['refs']]

type RawSignal = Omit<Signal, 'value' | 'via' | 'saw'> & {
  value: string
  via: string | null
  saw: string | null
}
