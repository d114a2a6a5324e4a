import { agents, type Trials } from './members.ts'

const played = {
  ann: { role: 'You are ann.' },
  ben: { role: 'You are ben.' },
  cid: { role: 'You are cid.' },
}
const pair = { ann: played.ann, ben: played.ben }
const members = ['ann', 'ben']
const agreed = "lastMessage.contains('AGREED')"

export const trials: Trials = {
  'a round for everybody in a rehearsal': {
    definition: { agents, pattern: { kind: 'chat', members: ['ann', 'ben', 'cid'], turns: 4, window: 2 } },
  },
  'mentions, a summary and a conclusion': {
    parts: {
      ann: told => (told.includes('From the conversation') ? 'AGREED, cid.' : 'Is it 7, @cid?'),
      ben: ['I say it is 7.'],
      cid: told =>
        told.includes('Summarise')
          ? 'They ask.'
          : told.includes('came out')
            ? 'It is 7.'
            : 'Who knows, @ben?',
    },
    definition: {
      agents: played,
      pattern: {
        kind: 'chat',
        members: ['ann', 'ben', 'cid'],
        speaker: 'mention',
        until: "speaker == 'ben' && turn > 2 || messages.exists(one, one.text.contains('AGREED'))",
        window: 1,
        summarizer: 'cid',
        conclude: 'cid',
      },
    },
  },
  'a host who selects, and first somebody who is none of them': {
    parts: {
      cid: told => ({ speaker: told.includes('not accepted') ? 'ben' : 'cid', why: 'He knows.' }),
      ben: ['It is 7, I say. AGREED'],
    },
    definition: {
      agents: played,
      pattern: { kind: 'chat', members, speaker: { selector: 'cid' }, until: agreed },
    },
  },
  'one who always says the same': {
    state: 'failed',
    parts: { ann: ['No.'], ben: told => `I heard ${told.match(/No/g)?.length}.` },
    definition: { agents: pair, pattern: { kind: 'chat', members } },
  },
  'nobody who says it': {
    state: 'failed',
    parts: { ann: told => (told.includes('Two') ? 'Three' : 'One'), ben: ['Two'] },
    definition: { agents: pair, pattern: { kind: 'chat', members, until: agreed, turns: 3 } },
  },
  'one who fails in the middle': {
    state: 'failed',
    parts: { ann: ['One'], ben: ['no'] },
    definition: {
      agents: {
        ann: played.ann,
        ben: { ...played.ben, check: [{ that: 'output == "yes"' }], retry: { attempts: 1 } },
      },
      pattern: { kind: 'chat', members },
    },
  },
}
