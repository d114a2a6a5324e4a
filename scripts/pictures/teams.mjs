// The teams that are pictured live, and what their models say.
const shell = (script, more = {}) => ({
  kind: 'command',
  run: ['sh', '-c', script],
  effects: 'pure',
  ...more,
})
const model = (name, more = {}) => ({ role: `You are ${name}.`, ...more })
const gpt = { provider: 'openai', model: 'gpt-5-mini', maxTokens: 2000 }
const long = (...sentences) => ({ say: Array.from({ length: 12 }, () => sentences.join(' ')).join('\n\n') })

/** Three write, one asks, one waits; most of the budget is gone. */
const report = {
  team: {
    name: 'harbour-report',
    models: { default: gpt },
    agents: {
      outline: model('outline'),
      figures: shell('sleep 1; cat > /dev/null; echo "41 ships, 3 of them late"'),
      tides: model('tides'),
      traffic: model('traffic'),
      weather: model('weather'),
      notices: model('notices', {
        approve: { when: 'always', question: 'May the notices be read out on channel 12?' },
      }),
      editor: model('editor'),
    },
    pattern: {
      kind: 'tasks',
      tasks: {
        outline: { agent: 'outline', task: 'Outline the report.' },
        figures: { agent: 'figures' },
        tides: { agent: 'tides', dependsOn: ['outline'] },
        traffic: { agent: 'traffic', dependsOn: ['outline', 'figures'] },
        weather: { agent: 'weather', dependsOn: ['outline'] },
        notices: { agent: 'notices', dependsOn: ['outline'] },
      },
      assemble: 'editor',
    },
    budget: { usd: 0.05 },
  },
  parts: {
    outline: () => ({
      say: 'Tides, traffic, weather, and what skippers must be told today, in this order.',
      usage: { prompt_tokens: 61_000, completion_tokens: 9100 },
    }),
    tides: () =>
      long(
        'High water is at 04:12 and 16:38, low water at 10:20 and 22:47.',
        'Spring tides bring strong currents at the north entrance.',
      ),
    traffic: () =>
      long(
        'Berth 3 stays closed for dredging until Friday.',
        'The ferry leaves from berth 5 instead; 3 of 41 ships were late.',
      ),
    weather: () =>
      long(
        'Northwest winds of 5 to 6 ease in the evening.',
        'Visibility is good, with fog patches after midnight.',
      ),
  },
}

/** A thousand, and an endpoint that lets fewer through. */
const crowd = {
  team: {
    name: 'thousand-letters',
    input: { letters: { type: 'array' } },
    models: { default: { ...gpt, maxTokens: 200, concurrency: 24, rate: { requests: 100_000 } } },
    agents: { reader: model('reader', { prompt: 'Sort letter ${item}.', retry: { attempts: 1 } }) },
    pattern: {
      kind: 'parallel',
      each: '${input.letters}',
      agent: 'reader',
      concurrency: 64,
      onFailure: 'continue',
    },
    limits: { concurrency: 64, invocations: 5000, turns: 5000 },
    budget: { usd: 2 },
  },
  parts: {
    reader: count =>
      count % 17 === 0
        ? { status: 400, say: 'this letter cannot be read' }
        : {
            say: 'A complaint about a late ferry, polite, to be answered by the harbour office within a week.',
          },
  },
}

/** All that goes wrong: errors, retries, a fallback, a breaker, an alert. */
const trouble = {
  team: {
    name: 'night-watch',
    models: { default: { ...gpt, fallback: ['second'] }, second: { ...gpt, model: 'gpt-5-nano' } },
    agents: {
      radar: model('radar', { retry: { attempts: 3, backoff: '1s' } }),
      gauge: shell('sleep 0.6; echo "no such gauge: pier-7" >&2; exit 3', {
        retry: { attempts: 4, backoff: '500ms' },
        breaker: { failures: 3, cooldown: '20s' },
        fallback: ['almanac'],
      }),
      almanac: shell('sleep 1; echo "pier-7: 2.41 m, as of yesterday"'),
      count: model('count', {
        output: { type: 'object', properties: { ships: { type: 'integer' } }, required: ['ships'] },
        retry: { attempts: 2, backoff: '1s' },
      }),
      patrol: model('patrol', { retry: { attempts: 1 } }),
      lookout: model('lookout'),
    },
    pattern: {
      kind: 'parallel',
      branches: ['radar', 'gauge', 'count', 'patrol', 'lookout'],
      onFailure: 'continue',
    },
    alerts: { stalled: '3s', failing: 2 },
  },
  parts: {
    radar: count => (count < 3 ? { status: 503 } : { say: 'Two echoes north of the mole, both slow.' }),
    count: () => ({ say: 'I think there are about five ships, but I would not swear to it.' }),
    patrol: () => ({ status: 401, say: 'the key is not valid' }),
    lookout: () => ({ say: 'Nothing to see', pause: 9000 }),
  },
}

/** What a model must not be able to do to a terminal. */
const hostile = {
  team: {
    name: 'translations',
    models: { default: gpt },
    agents: {
      japanese: model('japanese'),
      hebrew: model('hebrew'),
      emoji: model('emoji'),
      escapes: model('escapes'),
    },
    pattern: { kind: 'parallel', branches: ['japanese', 'hebrew', 'emoji', 'escapes'] },
  },
  parts: {
    japanese: () => long('港の 潮汐表は 毎朝 更新されます。', '北の入口では 流れが 強くなります。'),
    hebrew: () => long('הגאות בנמל מתעדכנת כל בוקר. \u202eevil\u202c', 'الميناء مفتوح اليوم.'),
    emoji: () => long('👩‍🚀 👨‍👩‍👧‍👦 🇳🇴 ⚓️ 1️⃣ é ﷽', 'ships ⛵️ and 🐳 pass.'),
    escapes: () =>
      long(
        '\u001b[2J\u001b[1;1H\u001b]0;owned\u0007 \u001b[31mred\u001b[0m \rover\bwritten',
        '\u009b5m tab\there.',
      ),
  },
}

/** A tool that asks before it writes. */
const gate = {
  team: {
    name: 'release-notes',
    models: { default: gpt },
    agents: { writer: model('writer', { tools: ['write_file'] }) },
    pattern: { kind: 'pipeline', stages: ['writer'] },
    budget: { usd: 0.5 },
  },
  parts: {
    writer: count =>
      count === 1
        ? {
            calls: [
              {
                tool: 'write_file',
                args: {
                  path: 'NOTES.md',
                  content:
                    '# 2.4\n\n- Ferries leave from berth 5\n- Tides are shown for a week\n- Fog warnings come by mail\n',
                },
              },
            ],
          }
        : { say: 'The notes for 2.4 are written: three changes, none of them breaking.' },
  },
}

/** Nobody leads: one asks the others for what it does not know. */
const peers = {
  team: {
    name: 'hazardous-goods',
    models: { default: gpt },
    agents: {
      clerk: model('clerk'),
      chemist: model('chemist', { skills: ['hazards', 'storage'] }),
      lawyer: model('lawyer', { skills: ['permits', 'labels'] }),
    },
    pattern: { kind: 'peers', start: 'clerk', peers: ['clerk', 'chemist', 'lawyer'] },
  },
}

const ALL = { report, crowd, trouble, hostile, gate, peers }

export const TEAMS = Object.fromEntries(Object.entries(ALL).map(([name, { team }]) => [name, team]))
/** What each agent says, by its name. */
export const PARTS = Object.assign({}, ...Object.values(ALL).map(({ parts }) => parts))
