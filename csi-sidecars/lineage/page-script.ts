/** Folding, searching and drawing of the page: rows are 24 pixels high, and only those in view are made. */
export const PAGE_SCRIPT = `
const { nowMs, nodes } = JSON.parse(document.getElementById('data').textContent);
const byId = new Map(nodes.map((node) => [node.id, node]));
const roots = [];
for (const node of nodes) { node.children = []; node.text = [node.kind, node.name, node.state, node.place].join(' ').toLowerCase(); }
const rootless = new Set(nodes);
for (const node of nodes) {
  const parent = byId.get(node.parent);
  if (parent === undefined) roots.push(node); else parent.children.push(node);
}
const reach = (root) => {
  const todo = [root];
  for (let node = todo.pop(); node !== undefined; node = todo.pop()) if (rootless.delete(node)) for (const child of node.children) todo.push(child);
};
roots.forEach(reach);
for (const node of rootless) if (rootless.has(node)) { roots.push(node); reach(node); }
roots.sort((a, b) => (a.name < b.name ? -1 : 1));
const HEIGHT = 24;
/** Further in, the name would leave its column. */
const DEEPEST = 8;
const open = new Set();
const search = document.getElementById('search');
const scroll = document.getElementById('scroll');
const space = document.getElementById('space');
const rows = document.getElementById('rows');
let shown = [];
let hits = new Set();
function collect() {
  const words = search.value.toLowerCase().split(' ').filter((word) => word !== '');
  hits = new Set(words.length === 0 ? [] : nodes.filter((node) => words.every((word) => node.text.includes(word))));
  const wanted = new Set();
  for (const hit of hits) for (let at = hit; at !== undefined && !wanted.has(at); at = byId.get(at.parent)) wanted.add(at);
  shown = [];
  const seen = new Set();
  const todo = [];
  const visit = (list, depth) => { for (let at = list.length - 1; at >= 0; at -= 1) todo.push({ node: list[at], depth }); };
  visit(roots, 0);
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const { node, depth } = next;
    if (seen.has(node) || (words.length > 0 && !wanted.has(node))) continue;
    seen.add(node);
    shown.push(next);
    if (open.has(node.id) || words.length > 0) visit(node.children, depth + 1);
  }
  space.style.height = shown.length * HEIGHT + 'px';
  document.getElementById('count').textContent = words.length > 0 ? hits.size + ' found' : shown.length + ' of ' + nodes.length + ' shown';
  draw();
}
function age(createdAt) {
  const seconds = Math.max(0, Math.floor((nowMs - Date.parse(createdAt)) / 1000));
  if (Number.isNaN(seconds)) return '';
  for (const [unit, length] of [['d', 86400], ['h', 3600], ['m', 60]]) if (seconds >= 2 * length) return Math.floor(seconds / length) + unit;
  return seconds + 's';
}
function cell(text, name) {
  const span = document.createElement('span');
  span.textContent = text;
  span.title = text;
  if (name) span.className = name;
  return span;
}
const GOOD = ['Bound', 'ready', 'Available'];
function draw() {
  const first = Math.max(0, Math.floor(scroll.scrollTop / HEIGHT) - 10);
  const last = Math.min(shown.length, first + Math.ceil(scroll.clientHeight / HEIGHT) + 20);
  rows.style.top = first * HEIGHT + 'px';
  rows.replaceChildren(...shown.slice(first, last).map(({ node, depth }) => {
    const row = document.createElement('div');
    row.className = hits.has(node) ? 'row hit' : 'row';
    const head = document.createElement('span');
    head.style.paddingLeft = Math.min(depth, DEEPEST) * 20 + 'px';
    const fold = document.createElement('button');
    fold.className = 'fold';
    fold.textContent = node.children.length === 0 ? '' : open.has(node.id) || search.value !== '' ? '▾' : '▸';
    fold.ariaLabel = 'fold or unfold';
    fold.addEventListener('click', () => { open.has(node.id) ? open.delete(node.id) : open.add(node.id); collect(); });
    head.append(fold, cell((depth > DEEPEST ? depth + ' deep, ' : '') + node.kind + ' ', 'kind'), cell(node.name));
    row.append(head, cell(node.state, GOOD.includes(node.state) ? 'good' : node.state === '' ? '' : 'bad'), cell(node.size), cell(age(node.createdAt)), cell(node.place));
    return row;
  }));
}
search.addEventListener('input', () => { scroll.scrollTop = 0; collect(); });
scroll.addEventListener('scroll', draw);
addEventListener('resize', draw);
document.getElementById('unfold').addEventListener('click', () => { for (const node of nodes) open.add(node.id); collect(); });
document.getElementById('fold').addEventListener('click', () => { open.clear(); collect(); });
if (nodes.length <= 200) for (const node of nodes) open.add(node.id);
collect();
`;
