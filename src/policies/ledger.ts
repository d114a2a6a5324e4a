import { type Amount, type Limits, NOTHING, plus, UNITS, type Unit } from '../spend.ts'

/** Whoever pays for calls, and how much is there for that. */
export interface Account {
  /** As people read it. */
  readonly name: string
  readonly limits: Limits
  /** What a single call may take. */
  readonly perCall: Limits
  /** Without it nothing goes on: it is closed with the first call that it cannot pay for, and pays for no other. */
  readonly isVital?: boolean
  readonly spent: Amount
  /** For calls that are under way: the most that they can take. */
  readonly reserved: Amount
}

/** What a call asked for and did not get. */
export interface Shortage {
  readonly account: string
  readonly unit: Unit
  readonly limit: number
  readonly spent: number
  readonly reserved: number
  readonly asked: number
  /** It is more than a single call may take. */
  readonly isPerCall: boolean
  /** What was asked for before, so that the account is closed now. */
  readonly isOld?: boolean
}

/** How somebody who asks for money hears of it that there is none, or none yet. */
export interface Counter {
  /** Makes an error of a shortage. */
  refuse(shortage: Shortage): Error
  /** Told when the call waits for others at the account that is short, `ahead` of them before it. */
  wait(account: string, ahead: number): void
}

/** Pays for a call that is over: what was reserved for it is free again, and what it took is spent. Once. */
export type Settle = (spent: Amount) => void

interface Request {
  readonly accounts: readonly State[]
  readonly asked: Amount
  readonly grant: (settle: Settle) => void
  readonly refuse: (shortage: Shortage) => void
}

/**
 * The accounts of a run. Each call reserves the most that it can take in all its accounts at once, or in none of them,
 * before it begins: what is spent and reserved is never more than the limit, however many calls are under way.
 *
 * A call that does not fit waits while others are under way that may leave something; those behind it on the same
 * account wait as well. It is refused when no other is under way any more where it is short.
 */
export class Ledger {
  private readonly states = new Map<string, State>()
  private waiting: Request[] = []

  /** Adds an account, unless it is there: `before` is what it paid for in former executions of the run. */
  open(account: Omit<Account, 'spent' | 'reserved'>, before: () => Amount): void {
    if (this.states.has(account.name)) return
    this.states.set(account.name, { ...account, spent: before(), reserved: NOTHING, underWay: 0 })
  }

  account(name: string): Account {
    return this.find(name)
  }

  /** Resolves when the call may begin. Rejects with the reason of `signal`, or with what `refuse` makes of a shortage. */
  reserve(
    names: readonly string[],
    asked: Amount,
    { signal, refuse, wait }: Counter & { readonly signal: AbortSignal },
  ): Promise<Settle> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted()
      const leave = () => {
        signal.removeEventListener('abort', abort)
        this.waiting = this.waiting.filter(other => other !== request)
      }
      const abort = () => {
        leave()
        reject(signal.reason)
        this.advance()
      }
      const request: Request = {
        accounts: names.map(name => this.find(name)),
        asked,
        grant(settle) {
          leave()
          resolve(settle)
        },
        refuse(shortage) {
          leave()
          reject(refuse(shortage))
        },
      }
      signal.addEventListener('abort', abort, { once: true })
      this.waiting.push(request)
      this.advance()
      const ahead = this.waiting.indexOf(request)
      if (ahead >= 0) wait(shortages(request)[0]?.account.name ?? names.join(', '), ahead)
    })
  }

  private find(name: string): State {
    const state = this.states.get(name)
    if (!state) throw new Error(`there is no account ${name}`)
    return state
  }

  /** Lets those go on that can, in the order in which they came. */
  private advance(): void {
    const short = new Set<State>()
    for (const request of [...this.waiting]) {
      const closed = request.accounts.find(account => account.closed)?.closed
      if (closed) {
        request.refuse({ ...closed, isOld: true })
        continue
      }
      if (request.accounts.some(account => short.has(account))) continue
      const lacking = shortages(request)
      const hopeless = lacking.find(({ account, isPerCall }) => isPerCall || account.underWay === 0)
      if (hopeless) refuse(request, hopeless)
      else if (lacking.length === 0) request.grant(this.take(request))
      else for (const { account } of lacking) short.add(account)
    }
  }

  private take({ accounts, asked }: Request): Settle {
    for (const account of accounts) {
      account.reserved = plus(account.reserved, asked)
      account.underWay += 1
    }
    let isOver = false
    return spent => {
      if (isOver) return
      isOver = true
      for (const account of accounts) {
        account.reserved = plus(account.reserved, asked, -1)
        account.underWay -= 1
        account.spent = plus(account.spent, spent)
      }
      this.advance()
    }
  }
}

interface State extends Account {
  spent: Amount
  reserved: Amount
  /** How many calls it pays for just now. */
  underWay: number
  closed?: Shortage
}

type Found = Omit<Shortage, 'account'> & { readonly account: State }

function refuse(request: Request, { account, ...found }: Found): void {
  const shortage = { ...found, account: account.name }
  if (account.isVital && !found.isPerCall) account.closed = shortage
  request.refuse(shortage)
}

/** Where a call does not fit, the account first that pays for the least besides it. */
function shortages({ accounts, asked: amount }: Request): Found[] {
  return [...accounts].reverse().flatMap(account =>
    UNITS.flatMap(unit => {
      const asked = amount[unit]
      const { [unit]: most = Number.POSITIVE_INFINITY } = account.perCall
      const { [unit]: limit = Number.POSITIVE_INFINITY } = account.limits
      const spent = account.spent[unit]
      const reserved = account.reserved[unit]
      const found = { account, unit, spent, reserved, asked }
      const isPerCall = asked > most
      if (!isPerCall && spent + reserved + asked <= limit) return []
      return [{ ...found, limit: isPerCall ? most : limit, isPerCall }]
    }),
  )
}
