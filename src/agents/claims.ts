import { brief } from '../json.ts'

interface Claim {
  readonly tool: string
  /** The words that say so. */
  readonly said: string
}

/**
 * Tools that an answer says were used, of those that were not: "I used search_files", or a call written out as text.
 * Only what names the tool and is said in the first person in English is found; what is meant otherwise may be too, which
 * is why nothing is rejected for it.
 */
export function unfoundedClaims(answer: string, unused: readonly string[]): Claim[] {
  const words = answer.slice(0, SEARCHED)
  return unused.flatMap(tool => {
    const found = saysItUsed(tool).exec(words) ?? writesOutACallOf(tool).exec(words)
    return found && !DENIAL.test(found[0]) ? [{ tool, said: brief(found[0], LONGEST) }] : []
  })
}

/** Characters that are searched: who writes more than that says it at the beginning. */
const SEARCHED = 20_000
const LONGEST = 160
const DENIAL = /\bnot\b|n[’']t\b|\bnever\b|\bwithout\b|\bcould\b|\bwould\b/i

function saysItUsed(tool: string): RegExp {
  const verb = '(?:used|called|ran|invoked|executed|queried|checked with|searched with)'
  return new RegExp(String.raw`\b(?:I|we)\b[^.!?\n]{0,60}\b${verb}\b[^.!?\n]{0,40}\b${escaped(tool)}\b`, 'i')
}

function writesOutACallOf(tool: string): RegExp {
  return new RegExp(
    String.raw`"(?:name|tool|function)"\s*:\s*"${escaped(tool)}"[^{}]{0,40}"(?:arguments|args|parameters|input)"`,
  )
}

function escaped(name: string): string {
  return name.replace(/[^\w]/g, '\\$&')
}
