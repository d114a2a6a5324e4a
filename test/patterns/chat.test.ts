import { describe, expect, it } from 'vitest'
import { complaints, decisions, failureOf, invocations, type Play, play, playOn } from '../helpers/play.ts'

const members = ['ann', 'ben', 'cid']

function talk(parts: Play['parts'], pattern: object = {}, more: Partial<Play> = {}) {
  return play({ pattern: { kind: 'chat', members, ...pattern }, parts, ...more })
}

/** Says 1, 2, 3 … */
function counting() {
  let turn = 0
  return () => {
    turn += 1
    return `${turn}`
  }
}

const speakers = (keys: readonly string[]) => keys.map(key => key.split('/').slice(1).join('/'))

describe('members', () => {
  it('speak one after the other, are told what was said, and end when the condition holds', async () => {
    const run = await talk(
      { ann: ['Is it 7?', 'So AGREED.'], ben: ['I think so.'], cid: ['It is.'] },
      {
        until:
          "lastMessage.contains('AGREED') && turn == 4 && speaker == 'ann' && messages[1].speaker == 'ben'",
      },
    )
    expect(run.outcome).toEqual({ state: 'succeeded', output: 'So AGREED.' })
    expect(speakers(invocations(run.events))).toEqual([
      'turn-1/ann',
      'turn-2/ben',
      'turn-3/cid',
      'turn-4/ann',
    ])
    expect(run.told[3]).toBe(
      [
        'Help.',
        'From the conversation so far:\nann:\nIs it 7?\n\nben:\nI think so.\n\ncid:\nIt is.',
        'Your part now:\nYou are ann, in a conversation with ben, cid. Say what you want to say next, and nothing for others.',
      ].join('\n\n'),
    )
  })

  it('end with the last message when the turns are over and nothing else was to be reached', async () => {
    const run = await talk({ ann: ['a'], ben: ['b'], cid: ['c'] }, { turns: 2 })
    expect(run.outcome).toEqual({ state: 'succeeded', output: 'b' })
  })

  it('may be of any kind, and see the conversation in prompts of their own', async () => {
    const prompt = '${turn}: ${speaker} answers "${lastMessage}", after ${size(messages)}.'
    const more = { ann: { kind: 'command', run: ['echo', 'Hello.'], effects: 'pure' }, ben: { prompt } }
    const run = await talk({ ben: ['Hi.'] }, { members: ['ann', 'ben'], turns: 2 }, { more })
    expect(run.told[0]).toBe('2: ben answers "Hello.", after 1.')
  })
})

describe('who speaks next', () => {
  it('is whom the last message names first, or else the next one', async () => {
    const run = await talk(
      {
        ann: ['Not me, @ann, but @Cid? Or @ben?', 'I do not know.'],
        ben: ['Nor do I.'],
        cid: ['Ask @ann!', 'Well.'],
      },
      { speaker: 'mention', turns: 5 },
    )
    expect(speakers(invocations(run.events))).toEqual([
      'turn-1/ann',
      'turn-2/cid',
      'turn-3/ann',
      'turn-4/ben',
      'turn-5/cid',
    ])
    expect(decisions(run.events, 'speaker')).toMatchObject([
      { key: 'chat/turn-2/cid', reason: 'ann named @cid', values: { speaker: 'cid', mentioned: 'cid' } },
      { reason: 'cid named @ann' },
      { reason: 'ann named nobody: ben comes next', values: { speaker: 'ben', mentioned: null } },
      { reason: 'ben named nobody: cid comes next' },
    ])
    expect(run.told[1]).toMatch(/Name who is to speak next as @NAME\.$/)
  })

  it('is whom the host chooses, among all but the one who just spoke', async () => {
    const run = await talk(
      {
        host: [
          { speaker: 'ben', why: 'He knows.' },
          { speaker: 'ben', why: 'Again.' },
          { speaker: 'cid', why: 'She asks.' },
        ],
        ann: ['a'],
        ben: ['b'],
        cid: ['c'],
      },
      { speaker: { selector: 'host' }, turns: 2 },
    )
    expect(run.outcome).toMatchObject({ output: 'c' })
    expect(decisions(run.events, 'speaker')).toMatchObject([
      {
        key: 'chat/select-1/host',
        reason: 'He knows.',
        values: { speaker: 'ben', by: 'host', among: members },
      },
      { reason: 'She asks.', values: { speaker: 'cid', among: ['ann', 'cid'] } },
    ])
    expect(run.told[2]).toContain('From the conversation so far:\nben:\nb')
    expect(run.told[3]).toMatch(/was not accepted/)
  })

  it('is not asked for where only one can be', async () => {
    const parts = { host: [{ speaker: 'ann', why: 'She begins.' }], ann: ['a'], ben: ['b'] }
    const run = await talk(parts, { members: ['ann', 'ben'], speaker: { selector: 'host' }, turns: 3 })
    expect(speakers(invocations(run.events))).toEqual([
      'select-1/host',
      'turn-1/ann',
      'turn-2/ben',
      'turn-3/ann',
    ])
  })
})

describe('a long conversation', () => {
  const parts = { ann: counting(), ben: counting() }

  it('is told from the last messages on, and how many were before', async () => {
    const run = await talk(parts, { members: ['ann', 'ben'], window: 2, turns: 5 })
    expect(run.told[4]).toContain(
      'From the conversation so far:\nThe first 2 messages are left out here.\n\nann:\n2\n\nben:\n2\n\nYour part',
    )
    expect(decisions(run.events, 'compaction')).toMatchObject([
      {
        reason: '1 of 3 messages are left out; the last 2 stay',
        values: { messages: 3, kept: 2, gone: 1, now: 1 },
      },
      { values: { gone: 2, now: 1 } },
    ])
  })

  it('is summarised when there is somebody for it, now and then', async () => {
    const run = await talk(
      { ann: counting(), ben: counting(), scribe: ['They count.', 'They still count.'] },
      { members: ['ann', 'ben'], window: 2, turns: 7, summarizer: 'scribe' },
    )
    const keys = speakers(invocations(run.events)).filter(key => key.startsWith('compaction'))
    expect(keys).toEqual(['compaction-5/scribe', 'compaction-7/scribe'])
    expect(run.told[4]).toContain('Your part now:\nSummarise this conversation so far')
    expect(run.told[5]).toContain('The first 2 messages are summarised: They count.\n\nann:\n2\n\nben:\n2')
    expect(run.told[7]).toContain('They count.\n\nann:\n2\n\nben:\n2')
    expect(run.told[8]).toContain(
      'The first 4 messages are summarised: They still count.\n\nann:\n3\n\nben:\n3',
    )
    expect(decisions(run.events, 'compaction')[0]).toMatchObject({
      key: 'chat/compaction-5',
      reason: '2 of 4 messages are summarised by scribe; the last 2 stay',
    })
  })

  it('ends with what somebody makes of all of it', async () => {
    const run = await talk(
      { ann: ['a'], ben: ['b'], cid: ['c', 'They said a and b.'] },
      { turns: 3, window: 1, conclude: 'cid' },
      { output: '${steps.ann.output} ${steps.cid.output}' },
    )
    expect(run.outcome).toEqual({ state: 'succeeded', output: 'a They said a and b.' })
    expect(run.told[3]).toContain('From the conversation:\nann:\na\n\nben:\nb\n\ncid:\nc\n\n')
  })
})

describe('a conversation that repeats itself', () => {
  it('is ended when somebody says the same for the third time', async () => {
    const run = await talk({
      ann: ['No, never.', 'no never', 'NO: never!'],
      ben: counting(),
      cid: counting(),
    })
    expect(failureOf(run)).toMatchObject({
      code: 'limit-loop',
      message:
        'the conversation goes round in circles: ann says the same for the third time, in the turns 1, 4, 7: "NO: never!"',
    })
  })

  it('is ended when a whole round comes again', async () => {
    const run = await talk({ ann: ['Yes.'], ben: ['No.'], cid: ['Stop.'] })
    expect(failureOf(run)).toMatchObject({
      code: 'limit-loop',
      message:
        'the conversation goes round in circles: the last 3 messages are the same as those before them: ann "Yes.", ben "No.", cid "Stop."',
    })
    expect(invocations(run.events)).toHaveLength(6)
  })
})

describe('turns that are used up before the condition holds', () => {
  const until = "lastMessage == 'AGREED'"

  it('end it with what was said last', async () => {
    const run = await talk({ ann: ['1'], ben: ['2'], cid: ['3'] }, { turns: 2, until })
    expect(failureOf(run)).toMatchObject({
      code: 'limit-rounds',
      message: `in 2 turns this did not come true: ${until}; ben said last: "2"`,
    })
  })

  it('are given once more by a resume', async () => {
    const run = await talk({ ann: ['1'], ben: ['2'], cid: ['3'] }, { turns: 2, until })
    expect(await playOn(run, { cid: ['AGREED'] })).toEqual({ state: 'succeeded', output: 'AGREED' })
    expect(invocations(await run.store.events(run.id))).toHaveLength(3)
  })
})

describe('a member who fails', () => {
  it('ends it, and a resume goes on where it was', async () => {
    const more = { ben: { check: [{ that: 'output == "good"' }], retry: { attempts: 1 } } }
    const run = await talk({ ann: ['1', '2'], ben: ['bad'], cid: ['3'] }, { turns: 3 }, { more })
    expect(failureOf(run)).toMatchObject({ code: 'check-failed', details: { step: 'chat/turn-2/ben' } })
    expect(await playOn(run, { ben: ['good'], cid: ['3'] })).toEqual({ state: 'succeeded', output: '3' })
  })
})

describe('a definition', () => {
  const agents = { ann: { role: 'You ask.' }, ben: { role: 'You answer.' } }

  it.each([
    ['names a member twice', { members: ['ann', 'ben', 'ann'] }, '"ann" is a member already'],
    ['names a host who is not there', { speaker: { selector: 'host' } }, 'there is no agent "host"'],
    [
      'has a condition over what does not exist',
      { until: 'mesages.size() > 2' },
      expect.stringMatching(/mesages/),
    ],
  ])('that %s is refused', async (_, pattern, complaint) => {
    expect(await complaints(agents, { kind: 'chat', members: ['ann', 'ben'], ...pattern })).toContainEqual(
      complaint,
    )
  })
})
