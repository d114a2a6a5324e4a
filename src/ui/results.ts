import type { Failure } from '../errors.ts'
import { asText, type Json } from '../json.ts'
import type { StepState } from '../store/states.ts'
import { defineListing } from './listing.ts'
import { markOf } from './step-mark.ts'

interface Row {
  readonly key: string
  readonly agent: string
  readonly state: StepState
  readonly output?: Json
  readonly error?: Failure
}

/** What each agent gave, however the run ended. */
export const results = defineListing<Row>({
  columns: { step: {}, agent: {}, result: { shrinks: true } },
  none: 'no agent was asked',

  rows: ({ steps }) =>
    [...steps.values()].flatMap(({ kind, key, agent, state, output, error }) =>
      kind !== 'agent' || agent === undefined
        ? []
        : [{ key, agent, state, ...(output !== undefined && { output }), ...(error && { error }) }],
    ),

  cells({ key, agent, state, output, error }, style) {
    const [mark, colour] = markOf({ state }, false)
    const why = { text: error ? `${error.code}: ${error.message}` : state, paint: style.dim }
    return [
      { text: `${mark} ${key}`, paint: style[colour] },
      agent,
      output === undefined ? why : asText(output),
    ]
  },
})
