/** Style and script of the page. They are fixed: their hashes are all that the page's policy lets run. */
export const STYLE = `
:root{color-scheme:light dark;--bg:#fbfbfa;--card:#fff;--text:#1d1f23;--dim:#666c77;--line:#dfe1e6;--good:#1a7f4b;--bad:#c0322b;--warn:#9a6700;--accent:#2f5fd0;--bar:#8fb0f5;--code:#f3f4f6;--mark:#ffe58a}
@media(prefers-color-scheme:dark){:root{--bg:#15171b;--card:#1c1f25;--text:#e4e6ea;--dim:#9298a5;--line:#30343d;--good:#56c28a;--bad:#f2766e;--warn:#e0b04d;--accent:#86a8ff;--bar:#3d5fae;--code:#23272f;--mark:#6b5600}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--text);font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:1120px;margin:0 auto;padding:20px 20px 60px}
h1{font-size:24px;line-height:1.25;margin:0 0 4px;overflow-wrap:anywhere}
h2{font-size:17px;margin:34px 0 10px}
.dim,.note{color:var(--dim)}.note{font-size:13px;margin:4px 0}
.good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}.run{color:var(--accent)}
nav{position:sticky;top:0;z-index:2;background:var(--bg);border-bottom:1px solid var(--line);padding:10px 0;margin:14px 0 0;display:flex;gap:6px 16px;flex-wrap:wrap;align-items:center}
nav a{color:var(--accent);text-decoration:none;font-size:14px}
nav .find{margin-left:auto;display:flex;gap:8px;align-items:center;font-size:13px;color:var(--dim)}
input{font:inherit;font-size:14px;padding:5px 9px;border:1px solid var(--line);border-radius:6px;background:var(--card);color:inherit;width:220px;max-width:100%}
button{font:inherit;font-size:13px;padding:4px 9px;border:1px solid var(--line);border-radius:6px;background:var(--card);color:inherit;cursor:pointer}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:10px;margin:16px 0 0;padding:0}
.facts div{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:9px 12px;min-width:0}
.facts dt{color:var(--dim);font-size:12px}.facts dd{margin:0;overflow-wrap:anywhere;font-weight:550;font-size:14px}.facts .wider{grid-column:span 2}
.card{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:10px 14px;margin:10px 0}
.card h3{font-size:13px;margin:0 0 6px;color:var(--dim);font-weight:600}
pre{background:var(--code);border-radius:6px;margin:6px 0;padding:8px 10px;font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,monospace;white-space:pre-wrap;overflow-wrap:anywhere;max-height:460px;overflow:auto}
details.step{border-left:1px solid var(--line);margin-left:8px;padding-left:10px}
#steps>details.step{border-left:0;margin-left:0;padding-left:0}
summary{cursor:pointer;list-style:none}summary::-webkit-details-marker{display:none}
details.step>summary{display:grid;grid-template-columns:16px minmax(0,1fr) auto;gap:2px 8px;padding:3px 6px;border-radius:6px;align-items:baseline}
details.step>summary:hover{background:var(--code)}
.name{overflow-wrap:anywhere}.meta{color:var(--dim);font-size:12.5px;font-variant-numeric:tabular-nums;white-space:nowrap}
details.step>summary .name::after{content:" \\25b8";color:var(--dim);font-size:11px}details[open].step>summary .name::after{content:" \\25be"}
.in{padding:2px 6px 8px 30px}
.remarks{list-style:none;margin:4px 0;padding:0;font-size:13.5px}.remarks li{overflow-wrap:anywhere;padding:1px 0}.remarks .sub{padding-left:20px;color:var(--dim)}
.more summary{color:var(--accent);font-size:13px}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:14px}th{font-size:12px;color:var(--dim);font-weight:600;text-align:left}
th,td{border-bottom:1px solid var(--line);padding:6px 12px 6px 0;vertical-align:top}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td pre{margin:0}td{overflow-wrap:anywhere;min-width:60px}td.long{min-width:260px}
svg{display:block;width:100%;min-width:820px;height:auto;font:12px system-ui,sans-serif}
svg text{fill:var(--text)}svg .axis{fill:var(--dim);font-size:11px}svg line{stroke:var(--line)}
.work{fill:var(--bar)}.failed{fill:var(--bad)}.open{fill:var(--accent)}.queue{fill:var(--warn);opacity:.55}.pause{fill:var(--warn);opacity:.85}.person{fill:var(--good);opacity:.6}
.legend{display:flex;gap:4px 16px;flex-wrap:wrap;font-size:12.5px;color:var(--dim);margin-top:6px}.legend i{display:inline-block;width:12px;height:9px;margin-right:5px;border-radius:2px}
.legend .work{background:var(--bar)}.legend .failed{background:var(--bad)}.legend .queue{background:var(--warn);opacity:.55}.legend .pause{background:var(--warn)}.legend .person{background:var(--good);opacity:.6}
.hit>summary .name,tr.hit td,.hit.card{background:var(--mark)}[hidden]{display:none!important}
@media(max-width:640px){main{padding:14px 12px 40px}h1{font-size:20px}nav .find{margin-left:0;width:100%}nav .find input{flex:1;width:auto;min-width:0}.facts{grid-template-columns:1fr 1fr}details.step>summary{grid-template-columns:16px minmax(0,1fr)}.meta{grid-column:2;white-space:normal}.in{padding-left:14px}details.step{margin-left:4px;padding-left:6px}}
`

export const SCRIPT = `
'use strict';
var field=document.getElementById('find'),count=document.getElementById('count');
var steps=Array.prototype.slice.call(document.querySelectorAll('details.step'));
var rows=Array.prototype.slice.call(document.querySelectorAll('[data-row]'));
var texts=new Map();
function textOf(node){
  if(texts.has(node))return texts.get(node);
  var text=node.matches('details.step')?[node.querySelector(':scope>summary'),node.querySelector(':scope>.in')].map(function(part){return part?part.textContent:''}).join(' '):node.textContent;
  text=text.toLowerCase();texts.set(node,text);return text;
}
var before=null;
function search(){
  var wanted=field.value.trim().toLowerCase(),hits=0;
  if(wanted&&!before)before=steps.map(function(step){return step.open});
  if(!wanted&&before){steps.forEach(function(step,index){step.open=before[index]});before=null}
  steps.forEach(function(step){step.classList.remove('hit');step.hidden=Boolean(wanted)});
  rows.forEach(function(row){var isHit=Boolean(wanted)&&textOf(row).indexOf(wanted)>=0;row.hidden=Boolean(wanted)&&!isHit;if(isHit)hits++});
  if(wanted)steps.forEach(function(step){
    if(textOf(step).indexOf(wanted)<0)return;
    hits++;step.classList.add('hit');step.hidden=false;
    for(var up=step.parentElement&&step.parentElement.closest('details.step');up;up=up.parentElement&&up.parentElement.closest('details.step')){up.hidden=false;up.open=true}
  });
  count.textContent=wanted?hits+(hits===1?' hit':' hits'):'';
}
var frame;field.addEventListener('input',function(){cancelAnimationFrame(frame);frame=requestAnimationFrame(search)});
document.getElementById('open').addEventListener('click',function(){steps.forEach(function(step){step.open=true})});
document.getElementById('close').addEventListener('click',function(){steps.forEach(function(step){step.open=false})});
`
