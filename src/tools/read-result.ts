import * as z from 'zod'
import { defineTool, type Tool, toolFailed } from './tool.ts'

/** Characters that one call gives. */
const MOST = 16_000
const MOST_PLACES = 40
/** Characters around each place that is found. */
const AROUND = 150

/** Reads on in what other tools gave, by the name that they gave it. */
export function readResult(results: ReadonlyMap<string, string>): Tool {
  return defineTool({
    name: 'read_result',
    description:
      'Reads a part of a long result of another tool, or finds a text in it. Gives at most 16000 characters.',
    args: z.strictObject({
      result: z.string().describe('Its name, as the tool gave it'),
      from: z.int().min(0).default(0).describe('The first character to read; 0 is the beginning'),
      find: z.string().min(1).max(1000).optional().describe('Instead: where this text is, as it is written'),
    }),
    async run({ result, from, find }) {
      const text = results.get(result)
      if (text === undefined) {
        throw toolFailed(
          `There is no result "${result}". There is: ${[...results.keys()].join(', ') || 'none'}.`,
        )
      }
      if (find !== undefined) return placesOf(text, find)
      if (from >= text.length) throw toolFailed(`"${result}" has only ${text.length} characters.`)
      const part = text.slice(from, from + MOST)
      const next = from + part.length
      return next < text.length ? `${part}\n[Read on with from: ${next}, of ${text.length}.]` : part
    },
  })
}

function placesOf(text: string, find: string): string {
  const places: string[] = []
  for (let at = text.indexOf(find); at >= 0; at = text.indexOf(find, at + find.length)) {
    if (places.length === MOST_PLACES) {
      places.push(`[Only the first ${MOST_PLACES} places are shown: look for something more specific.]`)
      break
    }
    places.push(`${at}: …${text.slice(Math.max(0, at - AROUND), at + find.length + AROUND)}…`)
  }
  return places.length > 0 ? places.join('\n') : '[That text is not in it.]'
}
