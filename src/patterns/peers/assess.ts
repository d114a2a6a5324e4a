import * as z from 'zod'
import type { TeamContext } from '../../coordination/ask.ts'
import { askFor, pathOf } from '../../coordination/ask-for.ts'
import { rosterOf } from '../../coordination/profile.ts'
import type { Packet } from '../../exchange/packet.ts'

/** Something that one peer wants another one to do. */
export interface Need {
  readonly what: string
  /** Who is asked first; nobody in particular means everybody. */
  readonly from: string | null
}

/** What a peer makes of a task: it does it alone, does it with help, passes it on whole, or does not take it. */
export interface Assessment {
  readonly can: 'all' | 'part' | 'none' | 'decline'
  readonly needs: readonly Need[]
  readonly why: string
}

/** A task on its way among peers. */
export interface Request {
  /** Those who have it, from the first one on; who is on the path cannot be asked again. */
  readonly path: readonly string[]
  readonly packet: Packet
}

/** Who can still be asked: nobody who waits for the answer himself. */
export function availableTo(peers: readonly string[], path: readonly string[]): string[] {
  return peers.filter(peer => !path.includes(peer))
}

/** Has the last one on the path of a request say what it makes of it, as the step `key`. */
export async function assess(
  team: TeamContext,
  peers: readonly string[],
  { path, packet }: Request,
  key: string,
): Promise<Assessment> {
  const peer = path.at(-1) ?? ''
  const others = availableTo(peers, path)
  const asker = path.at(-2)
  const assessment = await askFor(team, peer, {
    key,
    packet,
    answer: shapeOf(others, asker !== undefined),
    instruction: instructionFor(team, others, asker),
  })
  const { needs, why } = assessment
  // Help with nothing is no help.
  const can = assessment.can === 'part' && needs.length === 0 ? 'all' : assessment.can
  const values = { peer, can, needs }
  team.ctx.emit({
    type: 'decision',
    key: pathOf(team, key),
    what: 'assess',
    reason: `${peer}: ${why}`,
    values,
  })
  return { can, needs, why }
}

const CHOICES = {
  all: 'you do it by yourself',
  part: 'you do it with help from others',
  none: 'somebody else has to do all of it',
  decline: 'you do not take it on',
} as const

function shapeOf(others: readonly string[], mayDecline: boolean) {
  const choices = (['all', 'part', 'none', 'decline'] as const).filter(
    choice => choice === 'all' || (choice === 'decline' ? mayDecline : others.length > 0),
  )
  const need = z.object({
    what: z.string().describe('What somebody else is to do, so that it is clear without the rest'),
    from: (others.length > 0 ? z.enum(others).nullable() : z.null()).describe(
      'Who is the best for it; null to ask everybody',
    ),
  })
  return z.object({
    can: z.enum(choices).describe(choices.map(choice => `${choice}: ${CHOICES[choice]}`).join('; ')),
    needs: z
      .array(need)
      .describe('What you need from others, each piece by itself; an empty list if nothing'),
    why: z.string().describe('The reason, in one sentence'),
  })
}

function instructionFor({ agents }: TeamContext, others: readonly string[], asker: string | undefined) {
  return [
    'Do not do this now. Say whether you can do it well, by what you know and are good at.',
    asker && `${asker} asks you for this; decline what is not for you.`,
    others.length > 0
      ? `These can be asked for help:\n${rosterOf(agents, others)}`
      : 'Nobody else can be asked for help.',
  ]
    .filter(Boolean)
    .join('\n')
}
