/**
 * The page with live rates: asks for the status once a second and shows what changed.
 * The token is typed once and kept by the browser for this tab (sessionStorage); it goes nowhere but here.
 */
import { h, render } from "preact";
import { effect, signal } from "@preact/signals-core";
import htm from "htm";

const html = htm.bind(h);
const KEY = "weir-token", HISTORY = 60;

const token = signal(sessionStorage.getItem(KEY) ?? "");
const problem = signal("");
const latest = signal(undefined);
/** By device: [received, sent] in bits a second, newest last. */
const rates = new Map();
let before;

async function poll() {
  if (token.value === "") return;
  let response;
  try {
    response = await fetch("/api/v1/status", { headers: { authorization: `Bearer ${token.value}` } });
  } catch {
    problem.value = "the router does not answer";
    return;
  }
  if (response.status === 401) {
    sessionStorage.removeItem(KEY);
    token.value = "";
    latest.value = undefined;
    problem.value = "this is not the token";
    return;
  }
  if (!response.ok) {
    problem.value = (await response.json()).error;
    return;
  }
  const status = await response.json();
  measure(status);
  problem.value = "";
  latest.value = status;
}

function measure(status) {
  const now = performance.now();
  if (before !== undefined) {
    const seconds = (now - before.time) / 1000;
    for (const port of status.ports) {
      const old = before.ports.get(port.device);
      if (old === undefined) continue;
      const perSecond = (key) => Math.max(0, (port[key] - old[key]) / seconds);
      const history = rates.get(port.device) ?? [];
      history.push([
        perSecond("rxBytes") * 8,
        perSecond("txBytes") * 8,
        perSecond("rxPackets"),
        perSecond("txPackets"),
      ]);
      rates.set(port.device, history.slice(-HISTORY));
    }
  }
  before = { time: now, ports: new Map(status.ports.map((port) => [port.device, port])) };
}

function scaled(value, unit) {
  const prefixes = ["", "k", "M", "G", "T"];
  let step = 0;
  while (value >= 1000 && step < prefixes.length - 1) [value, step] = [value / 1000, step + 1];
  return `${value.toFixed(value < 10 && step > 0 ? 1 : 0)} ${prefixes[step]}${unit}`;
}

function line(history, column, most) {
  const points = history.map((sample, i) => `${i * 4},${(38 - 36 * sample[column] / most).toFixed(1)}`);
  return points.join(" ");
}

function Port({ port }) {
  const history = rates.get(port.device) ?? [];
  const [receive, send, receivePackets, sendPackets] = history.at(-1) ?? [0, 0, 0, 0];
  const most = Math.max(1, ...history.flatMap(([a, b]) => [a, b]));
  return html`
    <tr class=${port.up ? "up" : "down"}>
      <th>${port.name}<small>${port.device} ${port.up ? "" : "down"}</small></th>
      <td>${scaled(receive, "bit/s")}<small>${scaled(receivePackets, "pkt/s")}</small></td>
      <td>${scaled(send, "bit/s")}<small>${scaled(sendPackets, "pkt/s")}</small></td>
      <td>${port.rxDropped + port.txDropped}</td>
      <td>
        <svg viewBox="0 0 ${HISTORY * 4} 40" role="img" aria-label="rates of the last minute">
          <polyline class="receive" points=${line(history, 0, most)} />
          <polyline class="send" points=${line(history, 1, most)} />
        </svg>
      </td>
    </tr>
  `;
}

/** One string: between a text and a value on the next line htm would leave no space. */
function summary({ version, generation, uptime, flows }) {
  const up = `up ${Math.floor(uptime)} s`;
  return `weir ${version}, generation ${generation}, ${up}, ${flows.count} of ${flows.max} flows`;
}

function Status({ status }) {
  const drops = Object.entries(status.drops).filter(([, count]) => count > 0).sort((a, b) => b[1] - a[1]);
  return html`
    <header>
      <h1>${status.hostname}</h1>
      <p>${summary(status)}</p>
    </header>
    <table>
      <thead>
        <tr>
          <th>port</th>
          <td>received</td>
          <td>sent</td>
          <td>dropped</td>
          <td>last minute</td>
        </tr>
      </thead>
      <tbody>${status.ports.map((port) => html`<${Port} key=${port.device} port=${port} />`)}</tbody>
    </table>
    <h2>Dropped packets</h2>
    <table class="drops">
      <tbody>${drops.length === 0
        ? html`
          <tr>
            <td>none</td>
          </tr>
        `
        : drops.map(([reason, count]) =>
          html`
            <tr key=${reason}>
              <th>${reason}</th>
              <td>${count}</td>
            </tr>
          `
        )}</tbody>
    </table>
  `;
}

function Login() {
  const submit = (event) => {
    event.preventDefault();
    const typed = new FormData(event.target).get("token").trim();
    sessionStorage.setItem(KEY, typed);
    token.value = typed;
    poll();
  };
  return html`<form onSubmit=${submit}><label>Token (from the router's token file)
    <input name="token" type="password" autocomplete="current-password" required /></label>
    <button>Show</button></form>`;
}

const root = document.getElementById("root");
root.replaceChildren();
effect(() => {
  const body = token.value === ""
    ? html`<${Login} />`
    : latest.value && html`<${Status} status=${latest.value} />`;
  render(
    html`<div>${problem.value && html`<p class="problem" role="alert">${problem.value}</p>`}${body}</div>`,
    root,
  );
});
poll();
setInterval(poll, 1000);
