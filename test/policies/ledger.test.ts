import { describe, expect, it } from 'vitest'
import { Ledger, type Settle, type Shortage } from '../../src/policies/ledger.ts'

const NO_LIMITS = { limits: {}, perCall: {} }

/** A ledger with these accounts, and calls that say what became of them. */
function ledgerWith(accounts: Readonly<Record<string, object>>) {
  const ledger = new Ledger()
  for (const [name, account] of Object.entries(accounts))
    ledger.open({ name, ...NO_LIMITS, ...account }, () => ({ usd: 0, tokens: 0 }))
  const told: string[] = []
  function call(names: readonly string[], tokens: number, usd = 0) {
    const controller = new AbortController()
    const found: { settle?: Settle; shortage?: Shortage; reason?: unknown } = {}
    const refuse = (shortage: Shortage) => {
      found.shortage = shortage
      return new Error('refused')
    }
    const wait = (account: string, ahead: number) => told.push(`${account}, behind ${ahead}`)
    ledger.reserve(names, { usd, tokens }, { signal: controller.signal, refuse, wait }).then(
      settle => {
        found.settle = settle
      },
      reason => {
        found.reason = reason
      },
    )
    return { found, abort: (reason: Error) => controller.abort(reason) }
  }
  return { ledger, call, told }
}

const soon = () => new Promise(resolve => setImmediate(resolve))
const tokens = (count: number) => ({ usd: 0, tokens: count })

describe('a call', () => {
  it('is made at once when it fits into all accounts that pay for it, and what it takes is spent in each', async () => {
    const { ledger, call } = ledgerWith({ run: { limits: { tokens: 100 } }, a: { limits: { tokens: 50 } } })
    const { found } = call(['run', 'a'], 40)
    await soon()
    expect(ledger.account('a')).toMatchObject({ reserved: { tokens: 40 }, spent: { tokens: 0 } })
    found.settle?.(tokens(30))
    for (const name of ['run', 'a'])
      expect(ledger.account(name)).toMatchObject({ reserved: { tokens: 0 }, spent: { tokens: 30 } })
  })

  it('reserves nothing anywhere while it does not fit into one of its accounts', async () => {
    const { ledger, call, told } = ledgerWith({ run: { limits: {} }, a: { limits: { tokens: 50 } } })
    const first = call(['run', 'a'], 40)
    const second = call(['run', 'a'], 20)
    await soon()
    expect(ledger.account('run').reserved.tokens).toBe(40)
    expect(told).toEqual(['a, behind 0'])
    first.found.settle?.(tokens(10))
    await soon()
    expect(second.found.settle).toBeDefined()
    expect(ledger.account('run').reserved.tokens).toBe(20)
  })

  it('is refused, with what there is and was asked, when nothing comes back any more', async () => {
    const { call } = ledgerWith({ run: { limits: { tokens: 100, usd: 5 } } })
    call(['run'], 60)
    const first = call(['run'], 60, 1)
    await soon()
    expect(first.found.shortage).toBeUndefined()
    const alone = ledgerWith({ run: { limits: { tokens: 100, usd: 5 } } })
    const { found } = alone.call(['run'], 60, 6)
    await soon()
    expect(found.shortage).toEqual({
      account: 'run',
      unit: 'usd',
      limit: 5,
      spent: 0,
      reserved: 0,
      asked: 6,
      isPerCall: false,
    })
  })

  it('may be larger than all that is left only of what is limited', async () => {
    const { call } = ledgerWith({ run: { limits: { usd: 5 } } })
    const { found } = call(['run'], 1e9, 5)
    await soon()
    expect(found.settle).toBeDefined()
  })

  it('is refused at once when it is more than a single one may take, whatever there is', async () => {
    const { call } = ledgerWith({ run: { limits: { tokens: 100 }, perCall: { tokens: 30 } } })
    call(['run'], 20)
    const { found } = call(['run'], 31)
    await soon()
    expect(found.shortage).toMatchObject({ account: 'run', limit: 30, asked: 31, isPerCall: true })
  })

  it('is charged what it took even when that is more than was reserved, and later ones see it', async () => {
    const { ledger, call } = ledgerWith({ run: { limits: { tokens: 100 } } })
    const first = call(['run'], 50)
    await soon()
    first.found.settle?.(tokens(90))
    first.found.settle?.(tokens(90))
    expect(ledger.account('run').spent.tokens).toBe(90)
    const second = call(['run'], 20)
    await soon()
    expect(second.found.shortage).toMatchObject({ spent: 90, asked: 20 })
  })
})

describe('calls that wait', () => {
  it('go on in the order in which they came, also past a smaller one that would fit', async () => {
    const { call } = ledgerWith({ run: { limits: { tokens: 100 } } })
    const first = call(['run'], 80)
    const large = call(['run'], 90)
    const small = call(['run'], 10)
    await soon()
    expect(small.found.settle).toBeUndefined()
    first.found.settle?.(tokens(0))
    await soon()
    expect([large, small].map(({ found }) => found.settle !== undefined)).toEqual([true, true])
  })

  it('keep nobody waiting who is paid for by somebody else', async () => {
    const { call } = ledgerWith({ run: {}, a: { limits: { tokens: 10 } }, b: { limits: { tokens: 10 } } })
    call(['run', 'a'], 10)
    const waiting = call(['run', 'a'], 10)
    const other = call(['run', 'b'], 10)
    await soon()
    expect([waiting, other].map(({ found }) => found.settle !== undefined)).toEqual([false, true])
  })

  it('leave when they are not needed any more, and let those behind them go on', async () => {
    const { ledger, call } = ledgerWith({ run: { limits: { tokens: 100 } } })
    call(['run'], 60)
    const large = call(['run'], 90)
    const small = call(['run'], 40)
    await soon()
    const reason = new Error('not needed')
    large.abort(reason)
    await soon()
    expect(large.found.reason).toBe(reason)
    expect(small.found.settle).toBeDefined()
    expect(ledger.account('run').reserved.tokens).toBe(100)
  })

  it('are refused one after the other as soon as nothing is under way', async () => {
    const { call } = ledgerWith({ a: { limits: { tokens: 100 } } })
    const first = call(['a'], 90)
    const others = [call(['a'], 20), call(['a'], 5), call(['a'], 30)]
    await soon()
    first.found.settle?.(tokens(90))
    await soon()
    expect(others.map(({ found }) => found.settle !== undefined)).toEqual([false, true, false])
    others[1]?.found.settle?.(tokens(5))
    await soon()
    expect(others.map(({ found }) => found.shortage?.spent)).toEqual([90, undefined, 95])
  })
})

it('an account without which nothing goes on pays for nobody any more once it could not pay for one', async () => {
  const { call } = ledgerWith({ run: { limits: { tokens: 100 }, isVital: true } })
  const first = call(['run'], 90)
  const waiting = [call(['run'], 20), call(['run'], 5)]
  await soon()
  first.found.settle?.(tokens(90))
  const late = call(['run'], 1)
  await soon()
  expect([...waiting, late].map(({ found }) => found.shortage?.isOld ?? false)).toEqual([false, true, true])
})
