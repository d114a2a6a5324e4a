import { describe, expect, it } from 'vitest'
import type { Capability, CapabilityKind } from '../../src/team/trust/capability.ts'
import { formatCapabilities, summarizeCapabilities } from '../../src/ui/capabilities.ts'
import { PLAIN } from '../../src/ui/style.ts'

const could = (kind: CapabilityKind, at: string, says: string): Capability => ({
  ...{ kind, at, says },
  root: '/',
  data: {},
})

const listed = (capabilities: readonly Capability[], all = false) =>
  formatCapabilities(capabilities, PLAIN, { all })

describe('what a team could do', () => {
  it('is listed in groups, the gravest first, each with its place', () => {
    const { lines, isCut } = listed([
      could('runs', 'agents.a.run', 'date'),
      could('held', 'sandbox', 'programs run in a sandbox: bwrap'),
      could('talks', 'models.default', 'https://evil.example, sends OPENAI_API_KEY'),
      could('unasked', 'permissions.allow', 'run_command'),
    ])
    expect(`\n${lines.join('\n')}\n`).toBe(`
  without asking anybody, let models do (1)
    permissions.allow  run_command
  run programs (1)
    agents.a.run       date
  talk to (1)
    models.default     https://evil.example, sends OPENAI_API_KEY
  It is held back by (1)
    sandbox            programs run in a sandbox: bwrap
`)
    expect(isCut).toBe(false)
  })

  it('shows what nobody would see, instead of leaving it out', () => {
    const hidden = 'a\u202eb\u0007c\u001b[2Kd\ne\u200bf\u00a0g\u{e0041}h\ud800i'
    const { lines } = listed([could('runs', 'agents.\u202ex', hidden)])
    expect(lines[1]).toBe(
      '    agents.\\u{202e}x  a\\u{202e}b\\u{7}c\\u{1b}[2Kd\\ne\\u{200b}f\\u{a0}g\\u{e0041}h\\u{d800}i',
    )
  })

  it('says how much it leaves out, of a long entry and of a long group, and leaves nothing out when all is asked for', () => {
    const many = Array.from({ length: 11 }, (_, index) => could('runs', `agents.a${index}.run`, `p${index}`))
    const long = could('talks', 'x', `${'y'.repeat(400)}evil`)
    const { lines, isCut } = listed([...many, long])
    expect(lines.join('\n')).toMatch(/run programs \(11\)\n(?:.*\n){8} {4}… and 3 more\n/)
    expect(lines.at(-1)).toMatch(/y… \(104 more characters\)$/)
    expect(isCut).toBe(true)
    const whole = listed([...many, long], true)
    expect(whole.lines.join('\n')).toContain('p10')
    expect(whole.lines.at(-1)).toMatch(/evil$/)
    expect(whole.isCut).toBe(false)
  })

  it('is said in a few words, without what only holds back', () => {
    expect(
      summarizeCapabilities([
        could('runs', 'a', 'x'),
        could('runs', 'b', 'x'),
        could('talks', 'c', 'x'),
        could('variables', 'env', 'X'),
        could('held', 'sandbox', 'x'),
      ]),
    ).toBe('run 2 programs, talk to 1 address, read environment variables')
  })
})
