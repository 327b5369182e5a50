// Numbers as people say them.

// Return a time in words, as exact as an estimate can be.
export function duration(seconds) {
  if (seconds < 1) return "less than a second";
  const units = [[86400, 36 * 3600, "day"], [3600, 90 * 60, "hour"], [60, 90, "minute"], [1, 0, "second"]];
  const [size, , name] = units.find(([, from]) => seconds >= from);
  const count = seconds / size;
  const shown = size > 60 && count < 10 ? Math.round(count * 2) / 2 : Math.round(count);
  return `${shown.toLocaleString("en-US")} ${name}${shown === 1 ? "" : "s"}`;
}

// Return a count of any size, given as decimal digits.
export function count(digits) {
  if (digits.length <= 12) return BigInt(digits).toLocaleString("en-US");
  const power = digits.length - 1;
  return `about ${digits[0]}.${digits[1]} × 10${superscript(power)}`;
}

export function bytes(number) {
  return number >= 1e9 ? `${(number / 1e9).toFixed(1)} GB` : `${(number / 1e6).toFixed(1)} MB`;
}

function superscript(number) {
  return String(number).replace(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]);
}
