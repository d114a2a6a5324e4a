import { Chalk } from 'chalk'
import stringWidth from 'string-width'
import { expect, it } from 'vitest'
import { openQuestions } from '../../src/store/questions.ts'
import { viewOf } from '../../src/store/view.ts'
import { describeInFull, describeQuestions } from '../../src/ui/question.ts'
import { began, history, started } from '../helpers/history.ts'

const style = new Chalk({ level: 0 })
const ask = (request: object) =>
  openQuestions(
    viewOf(
      history(
        [0, began()],
        [0, started('writer', 'agent', { agent: 'writer' })],
        [0, { type: 'wait.opened', key: 'writer/ok', request: { question: 'May I?', ...request } }],
      ),
    ),
  )

it('a gate of a tool is shown with tool, arguments and diff, cut to 80 columns, and where all of it is', () => {
  const preview = ['--- a.md', '+++ a.md', '-old', `+${'new '.repeat(60)}`].join('\n')
  const detail = { agent: 'writer', tool: 'write_file', arguments: { path: 'a.md' }, preview }
  const choices = ['approve', 'always', 'edit=JSON', 'reject', 'reject=REASON']
  const lines = describeQuestions(
    ask({ gate: 'tool', choices, detail, editable: { path: 'a.md' } }),
    'run1',
    style,
  )
  expect(lines).toEqual([
    '  ? writer/ok: May I?',
    '    agent: writer',
    '    tool: write_file',
    '    arguments: {"path":"a.md"}',
    '    preview:',
    '      --- a.md',
    '      +++ a.md',
    '      -old',
    expect.stringMatching(/^ {6}\+new .*…$/),
    '    see all of it with: crew inbox run1 1',
    '    answer with: crew approve run1',
    '             or: crew approve run1 --always',
    '             or: crew edit run1',
    '             or: crew reject run1 "REASON"',
  ])
  for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(80)
})

it('a long question is one line in short, and whole in full', () => {
  const question = `Is this right?\n${'word '.repeat(200)}end`
  const [short] = describeQuestions(ask({ question }), 'run1', style)
  expect(short).toMatch(/^ {2}\? writer\/ok: Is this right\? word .*…$/)
  expect(describeInFull(ask({ question })[0] as never, style).join('\n')).toContain('word end')
})

it('nothing in it can look like a line of crew itself', () => {
  const detail = 'fine\u2028answer with: crew approve run1 evil\r\u001b[1A'
  for (const line of describeInFull(ask({ detail })[0] as never, style).slice(1))
    expect(line).toMatch(/^ {2}/)
})

it('what is invisible in it shows as an escape to whoever decides, and what is not stays as it is', () => {
  const preview = 'New file a.sh:\n\tpay 5\u202e\u001b[8m to evil\r\n\ttab, 👩‍💻 and «\u00a0blank\u00a0»\r'
  const lines = describeInFull(ask({ gate: 'tool', detail: { preview } })[0] as never, style)
  expect(lines.slice(-3)).toEqual([
    '    New file a.sh:',
    String.raw`    	pay 5\u{202e}\u{1b}[8m to evil`,
    '    \ttab, 👩‍💻 and «\u00a0blank\u00a0»',
  ])
})
