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
import { isAlive } from './lease.ts'
import { createMemories, type Memories } from './memories.ts'
import { createRates, type Rates } from './rates.ts'
import { createSpending, type Spending } from './spending.ts'
import { prepare } from './statements.ts'
import type { RunState } from './states.ts'
import type { Lease, NewRun, RunQuery, RunRow, Signal, Store, TimedFact } from './store.ts'
import { spentIn } from './view.ts'

/** Opens the store in the file `path`, creating it when it is not there. With `readOnly`, every write to it is refused. */
export async function openStore(
  path: string,
  clock: Clock,
  options?: { readonly readOnly?: boolean },
): Promise<Store> {
  return new SqliteStore(await connect(path, clock, options))
}

class SqliteStore implements Store {
  readonly answers: Answers
  readonly breakers: Breakers
  readonly glances: Glances
  readonly history: History
  readonly memories: Memories
  readonly rates: Rates
  readonly spending: Spending
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
    this.spending = createSpending(connection)
  }

  async create(run: NewRun, owner: Owner, fact: TimedFact): Promise<Lease> {
    const lease: Lease = { run: run.id, epoch: 1, seq: 0 }
    await this.connection.write(() => {
      const now = this.clock.now()
      const parent = (fact.type === 'run.started' && fact.forked?.run) || null
      const row = { ...run, ...owner, rehearsal: Number(run.rehearsal), parent, now, epoch: lease.epoch }
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
      const holder = ownerOf(row)
      if (holder && isAlive(holder, row.heartbeat, this.clock.now())) {
        throw new CrewError(
          'run-owned',
          `run ${run} is being run by process ${holder.pid} on ${holder.host}`,
          {
            hint: `watch it with: crew logs ${run} --follow`,
          },
        )
      }
      const epoch = row.epoch + 1
      this.sql.acquire.run({ ...owner, run, epoch, now: this.clock.now() })
      return { run, epoch, seq: (this.sql.lastSeq.get(run) as number | null) ?? 0 }
    })
  }

  async commit(lease: Lease, facts: readonly TimedFact[]): Promise<readonly Event[]> {
    await this.connection.write(() => this.append(lease, facts))
    return facts.map(fact => {
      lease.seq += 1
      return { ...fact, seq: lease.seq }
    })
  }

  async beat(lease: Lease): Promise<void> {
    await this.connection.write(() =>
      this.fence(this.sql.beat.run({ ...lease, now: this.clock.now() }), lease),
    )
  }

  async release(lease: Lease): Promise<void> {
    await this.connection.write(() => this.sql.release.run(lease))
  }

  async events(run: string, after = 0): Promise<readonly Event[]> {
    return this.connection.read(() =>
      (this.sql.events.all(run, after) as Row[]).map(row =>
        decode(row, id => this.sql.payload.get(id) as string),
      ),
    )
  }

  async run(id: string): Promise<RunRow | undefined> {
    return this.connection.read(() => {
      const row = this.sql.run.get(id) as RawRun | undefined
      return row && toRunRow(row, this.clock.now())
    })
  }

  async runs(query: RunQuery = {}): Promise<readonly RunRow[]> {
    const { idPrefix = '', team = null, since = 0, limit = -1, withOpen = false } = query
    const meant = { from: idPrefix, to: `${idPrefix}\uffff`, team, since, limit }
    const statement = withOpen ? this.sql.openRuns : this.sql.runs
    return this.connection.read(() =>
      (statement.all(meant) as RawRun[]).map(row => toRunRow(row, this.clock.now())),
    )
  }

  async stopped(): Promise<readonly RunRow[]> {
    return this.connection.read(() =>
      (this.sql.stoppedRuns.all() as RawRun[])
        .map(row => toRunRow(row, this.clock.now()))
        .filter(({ state }) => state === 'interrupted'),
    )
  }

  async due(): Promise<readonly RunRow[]> {
    const now = this.clock.now()
    return this.connection.read(() =>
      (this.sql.dueRuns.all(now) as RawRun[])
        .map(row => toRunRow(row, now))
        .filter(({ state, owner }) => state === 'waiting' && !owner),
    )
  }

  async signal(run: string, signal: Omit<Signal, 'id'>): Promise<boolean> {
    const { value, via = null, saw = null } = signal
    const row = { run, ...signal, value: JSON.stringify(value), via, saw }
    return this.connection.write(() => {
      const isKept = this.sql.signal.run(row).changes === 1
      if (isKept && signal.kind === 'answer')
        this.sql.noteAnswer.run({ run, keys: JSON.stringify([signal.key]) })
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

  /** Runs inside a transaction of the caller. The epoch is checked here: a process that lost the run cannot write. */
  private append(lease: Lease, facts: readonly TimedFact[]): void {
    const change = {
      state: null as string | null,
      stop: null as string | null,
      due: null as number | null,
      tokens: 0,
      usd: 0,
      unpriced: 0,
    }
    for (const fact of facts) {
      const spent = spentIn(fact)
      if (spent) {
        change.tokens += spent.input + spent.output
        change.usd += spent.usd ?? 0
        if (spent.usd === undefined) change.unpriced = 1
      }
      change.due = (fact.type === 'run.waiting' && fact.until) || null
      if (fact.type === 'run.failed') change.stop = fact.error.code
      if (fact.type === 'run.cancelled') change.stop = 'cancelled'
      if (fact.type.startsWith('run.')) change.state = STATE_AFTER[fact.type] ?? 'running'
    }
    this.fence(this.sql.advance.run({ ...lease, ...change, now: this.clock.now() }), lease)
    const last = facts.findLast(({ type }) => type.startsWith('run.'))
    // It may have been given while the run was on its way to wait for it.
    if (last?.type === 'run.waiting')
      this.sql.noteAnswer.run({ run: lease.run, keys: JSON.stringify(last.on) })
    let seq = lease.seq
    for (const fact of facts) {
      seq += 1
      const { type, at, data, large } = encode(fact)
      const refs = large.map(({ field, hash, json }) => [field, this.keep(hash, json)])
      this.sql.insertEvent.run(
        lease.run,
        seq,
        at,
        type,
        data,
        large.length ? JSON.stringify(Object.fromEntries(refs)) : null,
      )
      const spent = spentIn(fact)
      if (spent) this.bill(lease.run, seq, at, spent)
      this.spending.settle(lease.run, fact)
    }
  }

  private bill(run: string, seq: number, at: number, spent: Spend): void {
    const { agent = null, model = null, usd = null, estimated = false } = spent
    this.sql.insertSpending.run({ run, seq, at, ...spent, agent, model, usd, estimated: Number(estimated) })
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

const STATE_AFTER: Record<string, RunState> = {
  'run.waiting': 'waiting',
  'run.succeeded': 'succeeded',
  'run.failed': 'failed',
  'run.interrupted': 'interrupted',
  'run.cancelled': 'cancelled',
}

type RawSignal = Omit<Signal, 'value' | 'via' | 'saw'> & {
  value: string
  via: string | null
  saw: string | null
}

interface RawRun {
  id: string
  team: string
  path: string
  rehearsal: number
  created_at: number
  updated_at: number
  state: RunState
  stop: string | null
  tokens: number
  usd: number
  unpriced: number
  parent: string | null
  epoch: number
  host: string | null
  pid: number | null
  heartbeat: number
}

function ownerOf({ host, pid }: RawRun): Owner | undefined {
  return host === null || pid === null ? undefined : { host, pid }
}

function toRunRow(row: RawRun, now: number): RunRow {
  const owner = ownerOf(row)
  const isHeld = owner !== undefined && isAlive(owner, row.heartbeat, now)
  return {
    id: row.id,
    team: row.team,
    path: row.path,
    rehearsal: row.rehearsal === 1,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    state: row.state === 'running' && !isHeld ? 'interrupted' : row.state,
    ...(row.stop !== null && { stop: row.stop }),
    tokens: row.tokens,
    usd: row.usd,
    unpriced: row.unpriced === 1,
    ...(row.parent !== null && { parent: row.parent }),
    ...(isHeld && (row.state === 'running' || row.state === 'waiting') && { owner }),
  }
}
