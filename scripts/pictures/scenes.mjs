// What is pictured: a command in a terminal, and the keys that lead from one picture to the next.
/** A picture: its name, what is pressed for it, and what is on the screen then. */
const view = (key, title) => [title, [key], new RegExp(`\\[${title}\\]`)]
/** From wherever one is. */
const OVERVIEW = ['overview', ['Escape', 'Escape', 'o'], /\[overview\]/]
const VIEWS = [
  ...[OVERVIEW, view('t', 'timeline'), view('g', 'graph'), view('m', 'messages')],
  ...[view('b', 'board'), view('c', 'cost'), view('l', 'log')],
]
const AGENT = ['agent', ['o', 'Home', 'Enter'], /unfold/]
const HELP = ['help', ['o', '?'], /In overview/]

const live = (name, more) => ({ name, command: `crew run ${name}.json "Write it." --trust`, ...more })

const recorded = (name, example, more = {}) => ({
  name,
  before: `crew run ${example} --rehearse --trust --quiet`,
  command: 'crew replay last --instant',
  ready: /■/,
  pictures: [
    ['graph', ['g'], /\[graph\]/],
    ['graph-half', ['g', '5'], /\[graph\]/],
    ...(more.pictures ?? []),
  ],
})

/** A command that prints and ends. */
const printed = (name, command) => ({
  name,
  command,
  isPrinted: true,
  ready: /\[exit \d/,
  pictures: [['', [], /\[exit \d/]],
})

export const SCENES = [
  live('report', {
    stays: true,
    ready: /running (?:[3-9]|\d\d)s[\s\S]*waits for you/,
    pictures: [...VIEWS, AGENT, HELP, ['question', ['Escape', 'Escape', 'a'], /approve/]],
  }),
  live('crowd', {
    command: 'crew run crowd.json --trust -i letters=@letters.json',
    ready: /\d\d\d? succeeded/,
    pictures: VIEWS,
  }),
  live('trouble', { ready: /\d+s.*\n.*2 failed/, pictures: [...VIEWS, AGENT] }),
  printed('trouble-trace', 'crew logs last --trace'),
  printed('trouble-tree', 'crew logs last --trace --depth 2'),
  printed('trouble-timeline', 'crew logs last --timeline'),
  live('hostile', { ready: /red/, pictures: [...VIEWS, AGENT] }),
  live('gate', {
    ready: /asks/,
    pictures: [OVERVIEW, ['question', ['a'], /approve/]],
    last: ['summary', ['a'], /\[exit 0\]/],
  }),
  recorded('pipeline', 'examples/research-assistant/team.yaml'),
  recorded('parallel', 'examples/incident-response/team.yaml'),
  recorded('supervisor', 'examples/loan-payoff/team.yaml'),
  recorded('tasks', 'examples/feature-build/team.yaml'),
  recorded('handoff', 'examples/help-desk/team.yaml', { pictures: [view('m', 'messages')] }),
  recorded('route', 'examples/customer-support/team.yaml'),
  recorded('peers', 'peers.json help', { pictures: [view('m', 'messages')] }),
  recorded('blackboard', 'examples/research-loop/team.yaml', { pictures: [view('b', 'board')] }),
  recorded('auction', 'examples/translation-desk/team.yaml'),
  recorded('events', 'examples/perception-action/team.yaml', { pictures: [view('m', 'messages')] }),
  recorded('state-machine', 'examples/order-state-machine/team.yaml'),
  recorded('chat', 'examples/release-debate/team.yaml'),
  recorded('refine', 'examples/copywriter/team.yaml'),
  recorded('nested', 'examples/software-team/team.yaml'),
  { name: 'top', command: 'crew top', ready: /crew top/, pictures: [['', ['Down'], /crew top/]] },
  printed('ls', 'crew ls'),
]
