import { canonical, isObject, type Json, type JsonObject, type JsonSchema } from '../../json.ts'
import { validator } from '../../json-schema.ts'
import type { Sentence } from './material.ts'
import { resolveSchema } from './resolve.ts'
import { nameParts } from './words.ts'

/** Where in an answer a value stands. */
export interface Place {
  /** Name of the property, or of the list that holds the item. */
  readonly name: string
  readonly description: string
  readonly depth: number
  /** Position in the nearest list. */
  readonly index: number
  /** What this item of a list is about. */
  readonly sentence?: Sentence
  /** Counts the attempts at a value that is not in its list yet. */
  readonly attempt: number
}

/** Gives the words that a sampled answer is made of. */
export interface Words {
  text(schema: JsonSchema, place: Place): string
  /** What the items of a list are about; fewer than asked when there is no more to say. */
  sentences(count: number, place: Place): readonly Sentence[]
  /** How many items a list has when its schema leaves it open. */
  readonly usual: number
  /** How well `text` fits what the answer is about. */
  relevance(text: string, place: Place): number
}

/** Values and levels that one answer may have, so that no schema can make it endless. */
const VALUES = 5_000
const ITEMS = 1_000
const LEVELS = 40
const OPTIONAL_LEVELS = 4
const ATTEMPTS = 12
const VARIANTS = 8

const NEGATIVE = new RegExp(
  `^(?:${[
    '(?:contradict|conflict|fail|invalid|missing|reject|violat|refut|harm|escalat|revis|retr(?:y|i)|replan|abort|cancel|refus|halluc|unanswer|duplicate|incorrect|inaccura|depend|prerequisite)\\w*',
    '(?:un(?:supported|safe|verified|known|clear|certain|resolved)|wrong|blocked|blockers?|false|toxic|spam|denied|deny|stale|bad|poor|no|not|none|never|error|issue|problem|warning|gap|need|require)(?:s|d)?',
  ].join('|')})$`,
)

/** Names that speak of what is wrong, or of what has to come first: the answer is no, or none. */
function isNegative(name: string): boolean {
  return nameParts(name).some(part => NEGATIVE.test(part))
}

/**
 * A value that satisfies `schema`, made of words; numbers come from `random`. What cannot be built right the first
 * time (branches that exclude each other) is tried again with other branches and without optional properties. A
 * schema that nothing satisfies, or that is none, gets the first try: the caller checks.
 */
export async function sample(schema: JsonSchema, words: () => Words, random: () => number): Promise<Json> {
  const problem = await validator(schema).catch(() => undefined)
  const first = sampleOnce(schema, words(), random, 0)
  if (!problem?.(first)) return first
  for (let variant = 1; variant < VARIANTS; variant += 1) {
    const value = sampleOnce(schema, words(), random, variant)
    if (!problem(value)) return value
  }
  return first
}

function sampleOnce(schema: JsonSchema, words: Words, random: () => number, variant: number): Json {
  const optionalLevels = variant % 2 === 0 ? OPTIONAL_LEVELS : -1
  let values = 0

  const fill = (given: unknown, place: Place): Json => {
    values += 1
    if (values > VALUES || place.depth > LEVELS) return null
    const isDeep = place.depth > OPTIONAL_LEVELS
    const resolved = resolveSchema(given, schema, isDeep ? 'simplest' : Math.floor(variant / 2))
    if (resolved.const !== undefined) return resolved.const
    if (Array.isArray(resolved.enum)) return pick(resolved.enum, place, words)
    switch (typeOf(resolved)) {
      case 'object':
        return fillObject(resolved, place)
      case 'array':
        return fillArray(resolved, place)
      case 'number':
      case 'integer':
        return numberWithin(resolved, place, random)
      case 'boolean':
        return (place.attempt % 2 === 0) !== isNegative(place.name)
      case 'null':
        return null
      default:
        return words.text(resolved, place)
    }
  }

  const fillObject = (resolved: JsonSchema, place: Place): JsonObject => {
    const properties = isObject(resolved.properties) ? resolved.properties : {}
    const required = new Set(Array.isArray(resolved.required) ? resolved.required.map(String) : [])
    const wanted = place.depth <= optionalLevels ? Object.keys(properties) : []
    const names = new Set([...wanted.filter(name => properties[name] !== false), ...required])
    for (const name of Object.keys(properties))
      if (names.size < atLeast(resolved.minProperties)) names.add(name)
    for (let more = 1; names.size < atLeast(resolved.minProperties); more += 1) names.add(`entry-${more}`)
    const most = numberOf(resolved.maxProperties) ?? Number.POSITIVE_INFINITY
    const kept = [...names].sort((a, b) => Number(required.has(b)) - Number(required.has(a))).slice(0, most)
    const ordered = [...names].filter(name => kept.includes(name))
    return Object.fromEntries(
      ordered.map(name => {
        const inner = properties[name] ?? resolved.additionalProperties
        return [name, fill(inner, { ...place, ...named(name, inner), depth: place.depth + 1 })]
      }),
    )
  }

  const fillArray = (resolved: JsonSchema, place: Place): Json[] => {
    const first = Array.isArray(resolved.prefixItems) ? resolved.prefixItems : []
    const least = Math.min(ITEMS, atLeast(resolved.minItems))
    const most = Math.min(
      ITEMS,
      numberOf(resolved.maxItems) ?? ITEMS,
      resolved.items === false ? first.length : ITEMS,
    )
    const usual =
      isNegative(place.name) || place.depth > OPTIONAL_LEVELS ? 0 : place.depth > 2 ? 2 : words.usual
    const count = Math.max(least, Math.min(most, Math.max(usual, first.length)))
    const sentences = words.sentences(count, place)
    const items: Json[] = []
    const seen = new Set<string>()
    for (
      let index = 0;
      index < Math.max(least, Math.min(count, Math.max(sentences.length, first.length)));
      index += 1
    ) {
      const sentence = sentences[index]
      const inner = { ...place, depth: place.depth + 1, index, ...(sentence && { sentence }) }
      const item = distinct(
        attempt => fill(first[index] ?? resolved.items, { ...inner, attempt }),
        resolved,
        seen,
      )
      if (item === undefined && items.length >= least) break
      items.push(item ?? null)
    }
    return items
  }

  return fill(schema, { name: '', description: '', depth: 0, index: 0, attempt: 0 })
}

/** The first attempt that is not in `seen` yet, where the list wants all its items to differ. */
function distinct(
  make: (attempt: number) => Json,
  { uniqueItems }: JsonSchema,
  seen: Set<string>,
): Json | undefined {
  for (let attempt = 0; attempt < ATTEMPTS + seen.size; attempt += 1) {
    const item = make(attempt)
    const key = uniqueItems === true ? canonical(item) : ''
    if (uniqueItems !== true || !seen.has(key)) {
      seen.add(key)
      return item
    }
  }
  return undefined
}

function named(name: string, schema: unknown): { name: string; description: string } {
  const description = isObject(schema) && typeof schema.description === 'string' ? schema.description : ''
  return { name, description }
}

/** Of several values the one that fits best; among equals the first that says nothing bad. */
function pick(values: readonly Json[], place: Place, words: Words): Json {
  const turn = /agent|assignee|worker/i.test(place.name) ? place.index : 0
  if (turn + place.attempt > 0) return values[(turn + place.attempt) % values.length] ?? null
  let best: Json = values[0] ?? null
  let most = Number.NEGATIVE_INFINITY
  for (const value of values) {
    const bad = value === null || value === false || (typeof value === 'string' && isNegative(value))
    const worth = (bad ? -100 : 0) + (typeof value === 'string' ? words.relevance(value, place) : 0)
    if (worth > most) [best, most] = [value, worth]
  }
  return best
}

/** A number from the upper half of what is allowed: high scores, small counts. */
function numberWithin(schema: JsonSchema, { name, attempt }: Place, random: () => number): number {
  const isInteger = typeOf(schema) === 'integer'
  const step = numberOf(schema.multipleOf) ?? (isInteger ? 1 : 0)
  const [low, high] = bounds(
    schema,
    isInteger,
    /confidence|probability|likelihood|relevance/i.test(name) ? 1 : 10,
  )
  const part = (0.6 + 0.35 * random() + attempt * 0.618_034) % 1
  const raw = low + (high - low) * part
  if (step === 0) {
    const rounded = Number(raw.toPrecision(2))
    return attempt === 0 && rounded >= low && rounded <= high ? rounded : raw
  }
  const first = Math.ceil(low / step)
  const choices = Math.max(1, Math.floor(high / step) - first + 1)
  for (let turn = 0; turn < 50; turn += 1) {
    const value = (first + ((Math.floor(part * choices * 0.999) + attempt + turn) % choices)) * step
    if (Number.isInteger(value / step) && value >= low && value <= high) return value
  }
  return first * step
}

/** The closed interval in which a number lies; where the schema leaves it open, up to `usual` from the other end. */
function bounds(schema: JsonSchema, isInteger: boolean, usual: number): [number, number] {
  const above = numberOf(schema.exclusiveMinimum)
  const below = numberOf(schema.exclusiveMaximum)
  const inside = (edge: number, way: 1 | -1) =>
    isInteger ? edge + way : edge + way * Math.max(Math.abs(edge), 1) * 1e-9
  const lows = [numberOf(schema.minimum), above !== undefined ? inside(above, 1) : undefined].filter(isNumber)
  const highs = [numberOf(schema.maximum), below !== undefined ? inside(below, -1) : undefined].filter(
    isNumber,
  )
  const span = Math.max(usual, numberOf(schema.multipleOf) ?? 0)
  const low = lows.length > 0 ? Math.max(...lows) : Math.min(0, Math.min(...highs) - span)
  const high = highs.length > 0 ? Math.min(...highs) : Math.max(low, 0) + span
  return isInteger ? [Math.ceil(low), Math.floor(high)] : [low, high]
}

function isNumber(value: number | undefined): value is number {
  return value !== undefined
}

function numberOf(value: Json | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined
}

function atLeast(value: Json | undefined): number {
  return Math.min(ITEMS, numberOf(value) ?? 0)
}

const KEYWORDS: readonly (readonly [string, readonly string[]])[] = [
  ['object', ['properties', 'required', 'additionalProperties', 'minProperties']],
  ['array', ['items', 'prefixItems', 'minItems', 'uniqueItems']],
  ['number', ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf']],
]

/** The type that a value will have: the first that says something, or what the other keywords are about. */
function typeOf(schema: JsonSchema): string {
  const { type } = schema
  if (typeof type === 'string') return type
  if (Array.isArray(type)) return String(type.find(one => one !== 'null') ?? 'null')
  return KEYWORDS.find(([, keys]) => keys.some(key => key in schema))?.[0] ?? 'string'
}
