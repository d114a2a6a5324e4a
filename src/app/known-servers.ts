import * as z from 'zod'
import { readConfigFile, unreadable, writeConfigFile } from '../config-file.ts'
import type { Context } from '../engine/context.ts'
import { CrewError } from '../errors.ts'
import { canonical, type Json } from '../json.ts'
import { askLeave, type Patience } from '../policies/gate.ts'
import { fingerprintsOf } from '../tools/mcp.ts'

/** Tools of MCP servers as people know them from earlier runs, beside the answers about teams. */
const NAME = 'servers'

const content = z.record(z.string(), z.record(z.string(), z.string()))

interface Met {
  /** Folder of the team. */
  readonly root: string
  readonly server: string
  /** What the server says of itself in this run. */
  readonly description: Json
}

/**
 * A server that describes its tools in another way than in earlier runs of the team is used only once a person has
 * accepted that; what is new counts as well. Whoever was never met before is remembered. Rejects with `rejected`.
 */
export async function recognize(met: Met, ctx: Context, patience: Patience): Promise<void> {
  const { server } = met
  const now = fingerprintsOf(met.description)
  // What is kept may be another thing when the run is resumed: it is looked at once.
  const unknown = await ctx.step(`mcp:${server}-known`, { kind: 'mcp', input: server }, async () => {
    const before = (await known())[keyOf(met)]
    const changed = Object.keys(now).filter(tool => before && before[tool] !== now[tool])
    return changed.map(tool => ({
      tool,
      was: before?.[tool] === undefined ? 'not there' : 'described differently',
    }))
  })
  if (unknown.length > 0) {
    const question = `The MCP server ${server} does not offer the tools that earlier runs of this team knew. Use it as it is now?`
    const detail = { server, changed: unknown }
    const decision = await askLeave(
      ctx,
      `mcp:${server}-accepted`,
      { gate: 'tool', question, detail },
      patience,
    )
    if (!decision.approved)
      throw new CrewError(
        'rejected',
        `the MCP server ${server} has changed, and was not accepted: ${decision.reason}`,
        {
          hint: 'take it out of the team file, or pin its version',
        },
      )
  }
  const all = await known()
  if (canonical(all[keyOf(met)]) === canonical(now)) return
  await writeConfigFile(NAME, { ...all, [keyOf(met)]: now })
}

async function known(): Promise<z.infer<typeof content>> {
  const read = content.safeParse(await readConfigFile(NAME))
  if (read.success) return read.data
  throw unreadable(NAME, new Error('it is not what crew has written'))
}

function keyOf({ root, server }: Met): string {
  return `${root}#${server}`
}
