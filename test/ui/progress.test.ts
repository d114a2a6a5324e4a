import { Chalk } from 'chalk'
import { describe, expect, it } from 'vitest'
import { createProgress } from '../../src/ui/progress.ts'

describe('the plain progress of a run', () => {
  it('says that agents wait, once for all who wait for the same thing, and again after a while', () => {
    const lines: string[] = []
    const { show } = createProgress(line => lines.push(line), new Chalk({ level: 0 }))
    const queued = (key: string, place: string, at: number, ahead = 0) =>
      show({ type: 'queued', key, place, ahead, at })
    queued('a', 'limits.concurrency', 0)
    queued('b', 'limits.concurrency', 1, 7)
    queued('c/turn-1', 'model openai/gpt-5-mini (requests per minute)', 2, 3)
    queued('d', 'limits.concurrency', 10_000, 9)
    show({ type: 'model.delta', key: 'a', text: 'words', at: 3 })
    expect(lines).toEqual([
      '… a waits for limits.concurrency',
      '… c/turn-1 waits for model openai/gpt-5-mini (requests per minute), behind 3 more',
      '… d waits for limits.concurrency, behind 9 more',
    ])
  })

  it('says nothing more of a wait when it is over, unlike of all else that is decided', () => {
    const lines: string[] = []
    const { show } = createProgress(line => lines.push(line), new Chalk({ level: 0 }))
    for (const what of ['queued', 'retry'])
      show({ type: 'decision', key: 'a', what, reason: 'because', values: {}, seq: 1, at: 0 })
    expect(lines).toEqual(['  a: retry: because'])
  })
})
