import * as z from 'zod'

/** A schema of what cannot be missing, which is made when a value is first read with it: most are of what a team does not use. */
export function later<S extends z.ZodType>(make: () => S): z.ZodLazy<S> {
  const schema = z.lazy(make)
  // zod asks every schema for these, also without a value, and would have it made to know.
  Object.defineProperties(schema._zod, { optin: { value: undefined }, optout: { value: undefined } })
  return schema
}

/** What a kind is registered as: with the schema of those values that name it. */
type Kinds = Readonly<Record<string, () => { readonly schema: z.ZodObject }>>
type SchemaOf<K extends Kinds> = ReturnType<K[keyof K]>['schema']

/** One of several kinds of a thing, each loaded when a value names it; `standard` is meant where none is named. */
export function oneOf<K extends Kinds>(kinds: K, standard?: keyof K) {
  const options = Object.entries(kinds).map(([kind, load]) => {
    const option = later(() => load().schema as SchemaOf<K>)
    const names = kind === standard ? [kind, undefined] : [kind]
    Object.defineProperty(option._zod, 'propValues', { value: { kind: new Set(names) } })
    return option
  })
  return z.discriminatedUnion('kind', options as [z.ZodLazy<SchemaOf<K>>, ...z.ZodLazy<SchemaOf<K>>[]])
}
