import { Chalk } from 'chalk'
import { describe, expect, it } from 'vitest'
import type { Question } from '../../../src/store/questions.ts'
import { questionLines } from '../../../src/ui/screen/question.ts'

const style = new Chalk({ level: 1 })
const RED = '\u001b[31m'
const GREEN = '\u001b[32m'

function asking(preview: string): Question {
  const key = 'writer/turn-1/tool-1/permission'
  return { key, question: 'May it?', gate: 'tool', detail: { preview }, openedAt: 0, number: 1, saw: '' }
}

describe('a question on the screen', () => {
  it('paints what a diff takes away and adds', () => {
    const lines = questionLines(asking('--- a.md\n+++ a.md\n@@ -1 +1 @@\n-old\n+new'), 60, style)
    expect(lines.find(line => line.includes('-old'))).toContain(RED)
    expect(lines.find(line => line.includes('+new'))).toContain(GREEN)
  })

  it('takes a list in a new file for no diff', () => {
    const lines = questionLines(asking('New file a.md:\n- one\n+ two'), 60, style)
    expect(lines.join('')).toContain('- one')
    expect(lines.join('')).not.toContain(RED)
    expect(lines.join('')).not.toContain(GREEN)
  })
})
