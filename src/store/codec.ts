import { CrewError } from '../errors.ts'
import { hash, isObject, type Json } from '../json.ts'
import type { Spend } from '../spend.ts'
import type { Event } from './events.ts'
import type { TimedFact } from './store.ts'

/** Fields whose JSON is longer than this are kept as payloads, once for all events that have the same value. */
const INLINE = 256

/** A fact as a row keeps it. */
export interface Encoded {
  readonly type: string
  readonly at: number
  readonly data: string
  /** Large fields by name. */
  readonly large: readonly { readonly field: string; readonly hash: string; readonly json: string }[]
}

export function encode(fact: TimedFact): Encoded {
  const { type, at, ...fields } = 'spent' in fact ? withoutRepetition(fact) : fact
  const data = JSON.stringify(fields)
  // Most facts are small, and so is all that is in them.
  if (data.length <= INLINE) return { type, at, data, large: [] }
  const large: { field: string; hash: string; json: string }[] = []
  const small: string[] = []
  for (const [field, value] of Object.entries(fields)) {
    const json = JSON.stringify(value)
    if (json === undefined) continue
    if (json.length > INLINE) large.push({ field, hash: hash(json), json })
    else small.push(`${JSON.stringify(field)}:${json}`)
  }
  return { type, at, data: `{${small.join(',')}}`, large }
}

/** What a call of a model has spent names that model once more: a row does not, and `decode` puts it back. */
function withoutRepetition(fact: TimedFact & { readonly spent?: Spend }): TimedFact {
  if (!('model' in fact) || fact.spent?.model !== fact.model) return fact
  const { model, ...spent } = fact.spent
  return Object.assign({}, fact, { spent })
}

export interface Row {
  readonly seq: number
  readonly at: number
  readonly type: string
  readonly data: string
  readonly refs: string | null
}

/** Throws `store` when the row is damaged, or what it refers to is not there. */
export function decode(row: Row, payload: (id: number) => string | undefined): Event {
  try {
    const fields = JSON.parse(row.data)
    if (row.refs !== null) {
      for (const [field, id] of Object.entries<Json>(JSON.parse(row.refs))) {
        if (typeof id !== 'number') throw new TypeError(`its reference ${field} names nothing`)
        fields[field] = JSON.parse(payload(id) ?? '')
      }
    }
    if (isObject(fields.spent) && fields.spent.model === undefined && fields.model !== undefined)
      Object.assign(fields.spent, { model: fields.model })
    // Keys are taken apart by all who read: one that is no text could keep them at it for ever.
    for (const name of ['key', 'scope'])
      if (typeof (fields[name] ?? '') !== 'string') throw new TypeError(`its ${name} is no text`)
    return Object.assign(fields, { type: row.type, seq: row.seq, at: row.at })
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error
    throw new CrewError('store', `event ${row.seq} of a run is damaged: ${error.message}`, {
      hint: 'see what else is with: crew doctor --store',
      cause: error,
    })
  }
}
