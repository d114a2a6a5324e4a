import { Chalk } from 'chalk'
import { describe, expect, it } from 'vitest'
import { Player } from '../../../src/ui/screen/player.ts'
import { manualClock } from '../../helpers/clock.ts'
import { BEGIN, began, history, started, succeeded } from '../../helpers/history.ts'

const style = new Chalk({ level: 0 })
const EVENTS = history(
  [0, began()],
  [0, started('ann', 'agent', { agent: 'ann' })],
  [1000, succeeded('ann')],
  [61_000, started('ben', 'agent', { agent: 'ben' })],
  [62_000, succeeded('ben')],
)

/** Presses keys by their names. */
function press(player: Player, ...names: string[]): void {
  for (const name of names) expect(player.press({ name })).toBe(true)
}

describe('a recording', () => {
  it('plays at real time, and cuts long waits short', () => {
    const clock = manualClock()
    const player = new Player(EVENTS, { clock })
    player.start()
    const tick = (times: number) => {
      for (let count = 0; count < times; count += 1) clock.advance(50)
    }
    tick(21)
    expect(player.feed.view.steps.get('ann')?.state).toBe('succeeded')
    expect(player.line(120, style)).toContain('a wait of 1m, cut short')
    tick(20)
    // Half of what is left of the wait is half of the wait.
    expect(player.now - BEGIN).toBeGreaterThan(30_000)
    expect(player.feed.view.steps.has('ben')).toBe(false)
    tick(42)
    expect(player.feed.view.steps.get('ben')?.state).toBe('succeeded')
    expect(player.isPlaying).toBe(false)
  })

  it('goes forward and back, event by event, by tenths, and to its ends', () => {
    const player = new Player(EVENTS, { clock: manualClock() })
    const steps = () => [...player.feed.view.steps.keys()]
    press(player, 'right', 'right')
    expect(player.feed.view.seq).toBe(3)
    press(player, 'left')
    expect(player.feed.view.seq).toBe(2)
    expect(player.feed.view.steps.get('ann')?.state).toBe('running')
    press(player, 'end')
    expect([player.feed.view.seq, player.feed.rows.size]).toEqual([5, 2])
    press(player, '5')
    expect(steps()).toEqual(['ann'])
    press(player, 'home', 'left')
    expect([player.feed.view.seq, steps()]).toEqual([1, []])
    expect(player.press({ name: 't' })).toBe(false)
  })

  it('changes its speed, and begins where it is told', () => {
    const player = new Player(EVENTS, { clock: manualClock(), at: 3, speed: 20 })
    expect(player.feed.view.seq).toBe(3)
    press(player, ']')
    expect(player.line(100, style)).toMatch(/^▶ 1\.0s \/ 4\.0s ━+─+ {2}×50 · event 3 of 5/)
    press(player, '[', '[', ' ')
    expect(player.line(60, style)).toMatch(/^‖ .*×10/)
    expect(new Player(EVENTS, { clock: manualClock(), instant: true }).line(60, style)).toMatch(/^■/)
  })
})
