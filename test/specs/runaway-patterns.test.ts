import { describe } from 'vitest'
import { areStopped, counting, handoff, machine, nodes, refine, round, use } from '../helpers/runaways.ts'
import type { Line, Part } from '../helpers/scripted.ts'
import { lead, objection, rejection, step } from '../helpers/supervising.ts'

const passing = (to: string, task: (turn: number) => string): Part => {
  const next = counting(turn => use('hand_off', { to, task: task(turn), knowledge: task(turn) }))
  return told => (told.includes('Control passes') ? `Over to ${to}.` : next(told))
}
const critic: Part = [{ score: 1, problems: ['bad'], verdict: 'No.' }]
const workers = { kind: 'supervisor', supervisor: 'lead', workers: ['cid'] }
/** Wants every result done again, and another plan when that is not possible any more. */
function discontent(): (told: string) => Line {
  const plain = lead({ plans: [[step('a', 'cid')]], verdicts: { 'so ': 'reject' } })
  let rejections = 0
  return told => {
    const line = plain(told)
    if (line !== 'reject') return line
    rejections += 1
    return rejection(rejections < 3 ? 'retry' : 'replan', { feedback: 'More.' })
  }
}
const failing = { retry: { attempts: 1 }, check: [{ that: 'false' }] }
const boardOf = (more: object) => ({
  kind: 'blackboard',
  contributors: {
    ann: { when: 'board.way != "up"', writes: ['way'], ...more },
    ben: { when: 'board.way == "up"', writes: ['way'], ...more },
  },
  board: { way: 'nowhere' },
  until: 'board.way == "agreed"',
})
const needy =
  (from: string): Part =>
  told =>
    told.includes('Do not do this now')
      ? { can: 'part', needs: [{ what: 'All of it.', from }], why: 'It is too much.' }
      : 'never'
const bid = { willing: true, capable: true, score: 1, cost: 0, time: 1, why: 'I can.' }

describe('a team that would go on for ever', () => {
  areStopped({
    'control that is passed back and forth': [
      'limit-loop',
      handoff({ ann: passing('ben', () => 'You.'), ben: passing('ann', () => 'No, you.') }),
    ],
    'control that is passed with ever new words': [
      'limit-rounds',
      handoff(
        { ann: passing('ben', turn => `${turn}`), ben: passing('ann', turn => `${turn}!`) },
        { hops: 5 },
      ),
    ],
    'an agent that passes control to itself': [
      'limit-loop',
      handoff({ ann: [use('hand_off', { to: 'ann', task: 'Me.' })], ben: ['x'] }),
    ],
    'a machine that goes in a circle': [
      'limit-loop',
      { parts: { ann: ['x'], ben: ['bad'] }, pattern: machine(nodes, round) },
    ],
    'a machine whose state changes and never gets there': [
      'limit-rounds',
      {
        parts: { ann: counting(turn => `draft ${turn}`), ben: ['bad'] },
        pattern: machine(nodes, round, { visits: 4 }),
      },
    ],
    'a draft that never changes': ['limit-loop', { parts: { ann: ['draft'], ben: critic }, pattern: refine }],
    'drafts that grow and are never good': [
      'limit-rounds',
      {
        parts: { ann: counting(turn => 'and so on '.repeat(100 * turn)), ben: critic },
        pattern: { ...refine, attempts: 4 },
      },
    ],
    'a conversation that goes round in circles': [
      'limit-loop',
      {
        parts: { ann: ['After you.'], ben: ['No, after you.'] },
        pattern: { kind: 'chat', members: ['ann', 'ben'], turns: 50 },
      },
    ],
    'a conversation that never comes to its end': [
      'limit-rounds',
      {
        parts: {
          ann: counting(turn => `${turn} is a number.`),
          ben: counting(turn => `And ${turn * 7919}?`),
        },
        pattern: { kind: 'chat', members: ['ann', 'ben'], until: 'lastMessage == "done"', turns: 6 },
      },
    ],
    'a supervisor that makes the same plan again': [
      'limit-loop',
      {
        pattern: { ...workers, replans: 9, retries: 0 },
        parts: {
          lead: lead({ plans: [[step('a', 'cid')]], verdicts: { 'cid failed': objection('replan') } }),
          cid: ['x'],
        },
        more: { cid: failing },
      },
    ],
    'a supervisor that always makes another plan': [
      'limit-rounds',
      {
        pattern: { ...workers, replans: 2, retries: 0 },
        parts: {
          lead: lead({
            plans: [...'abcdef'].map(id => [step(id, 'cid')]),
            verdicts: { 'cid failed': objection('replan') },
          }),
          cid: ['x'],
        },
        more: { cid: failing },
      },
    ],
    'a supervisor that accepts nothing': [
      'limit-rounds',
      {
        pattern: { ...workers, replans: 0, retries: 2 },
        parts: { lead: discontent(), cid: counting(turn => `so ${turn}`) },
      },
    ],
    'contributors that overwrite each other': [
      'limit-loop',
      { parts: { ann: ['up'], ben: ['down'] }, pattern: boardOf({ times: 20 }) },
    ],
    'contributors that never agree': [
      'limit-rounds',
      {
        parts: { ann: ['up'], ben: counting(turn => `down ${turn}`) },
        pattern: { ...boardOf({ times: 20 }), rounds: 6 },
      },
    ],
    'a storm of events': [
      'limit-rounds',
      {
        parts: { ann: ['up'], ben: ['down'] },
        pattern: {
          kind: 'events',
          start: 'a',
          on: { a: [{ agent: 'ann', publish: ['b', 'a'] }], b: [{ agent: 'ben', publish: ['a', 'b'] }] },
          events: 12,
        },
      },
    ],
    'an agent that publishes the same for ever': [
      'limit-rounds',
      {
        parts: { ann: [use('publish', { topic: 'a', payload: 'Again!' })] },
        pattern: { kind: 'events', start: 'a', on: { a: ['ann'] }, until: 'has(state.never)', events: 5 },
      },
    ],
    'peers that need help with everything': [
      'limit-depth',
      {
        parts: { ann: needy('ben'), ben: needy('cid'), cid: needy('dan'), dan: needy('ann') },
        each: { retry: { attempts: 1 } },
        pattern: { kind: 'peers', start: 'ann', peers: ['ann', 'ben', 'cid', 'dan'], depth: 2 },
      },
    ],
    'a task that every winner fails': [
      'limit-rounds',
      {
        parts: {
          ann: told => (told.includes('Make your bid') ? bid : ''),
          ben: told => (told.includes('Make your bid') ? bid : ''),
        },
        each: { retry: { attempts: 1 } },
        pattern: { kind: 'auction', tasks: ['rain'], bidders: ['ann', 'ben'], rounds: 1 },
      },
    ],
  })
})
