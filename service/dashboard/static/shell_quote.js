// Quotes a word for a POSIX shell: what is not plain stands in single quotes, in which nothing has a meaning but the
// quote that ends them.
export function quote(word) {
  return /^[A-Za-z0-9_.,:/@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

// Whether text is shown as it is by a terminal: no control characters, and none that are invisible or turn directions.
export function isPlain(text) {
  return !/[\p{C}\p{Zl}\p{Zp}]/u.test(text);
}
