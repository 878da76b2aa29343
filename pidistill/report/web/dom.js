// Making elements. Text goes in as text and never as markup, and what would be invisible in it is made visible.

const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

// Control characters as their pictures, and others that change how text looks without being seen by their numbers.
function visible(text) {
  return text.replace(UNSEEN, (c) => {
    const code = c.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
  });
}

function el(tag, given, ...children) {
  const made = document.createElement(tag), { on, ...attributes } = given || {};
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  for (const [event, act] of Object.entries(on || {})) made.addEventListener(event, act);
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== false).map(
    (child) => child instanceof Node ? child : document.createTextNode(visible(String(child)))));
  return made;
}

function words(text) {
  return text.split(/(\s+)/).map((word) => word.trim() ? el("span", { class: "w" }, word) : document.createTextNode(" "));
}

function shortened(text, length) {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > length ? `${line.slice(0, length)}…` : line;
}

function percent(pair) { return pair[1] ? `${(100 * pair[0] / pair[1]).toFixed(0)} %` : "-"; }

// Tables that were written by hand of a template: a click on a head sorts them, by number where there are numbers.
function sortable(table) {
  const body = table.tBodies[0];
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const name = head.textContent, button = el("button", { type: "button" }, ...words(name));
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      fillIn(body);
      for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const value = (row) => row.cells[column].textContent.trim();
      const number = (text) => parseFloat(text.replace(/,(?=\d{3})/g, "").replace(/^[[<>\s]+/, ""));
      const rows = [...body.rows].map((row) => [row, value(row), number(value(row))]);
      rows.sort((a, b) => {
        if (isNaN(a[2]) !== isNaN(b[2])) return isNaN(a[2]) ? 1 : -1;
        const found = isNaN(a[2]) ? order.compare(a[1], b[1]) : a[2] - b[2] || order.compare(a[1], b[1]);
        return down ? -found : found;
      });
      body.append(...rows.map(([row]) => { row.classList.remove("break"); return row; }));
    });
  });
}

// Rows that leave out what the row above says get it said, since the row above will be another one.
function fillIn(body) {
  const rows = [...body.rows];
  if (body.dataset.filled || !rows.some((row) => row.cells[0].textContent === "")) return;
  rows.forEach((row, place) => {
    if (place && row.cells[0].textContent === "") row.cells[0].replaceChildren(...rows[place - 1].cells[0].cloneNode(true).childNodes);
  });
  body.dataset.filled = "yes";
}
