// A reader's own copies of lessons: JupyterLite keeps them in the browser's IndexedDB, as localforage lays it out.
const BASE = new URL("./", location.href).pathname;
const NAME = `JupyterLite Storage - ${BASE}`;
const LOCK = `k8sexpose in JupyterLite ${BASE}`; // held by waiting.js while JupyterLite is open

const answer = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

const finished = (transaction) =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
  });

async function database() {
  const asked = indexedDB.open(NAME);
  let absent = false;
  asked.onupgradeneeded = () => {
    absent = true; // JupyterLite was never open here; it shall lay out its database itself
    asked.transaction.abort();
  };
  try {
    const found = await answer(asked);
    if (found.objectStoreNames.contains("files")) return found;
    found.close();
  } catch (error) {
    if (!absent) throw error;
  }
  return null;
}

/** Every file that the reader has saved: path and JupyterLite's record of it. */
export async function copies() {
  const found = await database();
  if (!found) return new Map();
  const files = found.transaction("files").objectStore("files");
  const [paths, records] = await Promise.all([answer(files.getAllKeys()), answer(files.getAll())]);
  found.close();
  return new Map(paths.map((path, k) => [path, records[k]]));
}

/** Whether JupyterLite is open in another tab: it would save its copy over the fresh one. */
export async function inUse() {
  if (!navigator.locks) return false;
  const { held } = await navigator.locks.query();
  return held.some((lock) => lock.name === LOCK);
}

/** A name for a copy that is set aside: that of the lesson, with the time. */
function aside(path, taken, now) {
  const two = (number) => String(number).padStart(2, "0");
  const day = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join(".");
  const name = path.replace(/\.ipynb$/, ` (kept ${day} ${time})`);
  let kept = `${name}.ipynb`;
  for (let k = 2; taken.includes(kept); k++) kept = `${name} ${k}.ipynb`;
  return kept;
}

/** Give the reader's copy of a lesson another name, so that JupyterLite opens the published one; return that name. */
export async function setAside(path, now = new Date()) {
  const found = await database();
  if (!found) return null;
  const names = ["files", "checkpoints"].filter((name) => found.objectStoreNames.contains(name));
  const transaction = found.transaction(names, "readwrite");
  const done = finished(transaction);
  const files = transaction.objectStore("files");
  const record = await answer(files.get(path));
  const kept = aside(path, await answer(files.getAllKeys()), now);
  if (record) {
    files.put({ ...record, name: kept.split("/").pop(), path: kept }, kept);
    for (const name of names) transaction.objectStore(name).delete(path);
  }
  await done;
  found.close();
  return record ? kept : null;
}
