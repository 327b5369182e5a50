// Gives the token to the service, which answers with a cookie; the token itself is kept nowhere.
import { root } from "./service.js";

const answer = document.getElementById("answer");

const post = async (path, body) => {
  const options = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  return fetch(root + path, options);
};

document.getElementById("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const field = document.getElementById("token");
  const got = await post("/sign-in", { token: field.value.trim() });
  field.value = "";
  if (got.ok) {
    // The address is still that of the page that was asked for, unless somebody came to sign in.
    if (location.pathname === `${root}/sign-in`) location.assign(`${root}/`);
    else location.reload();
    return;
  }
  answer.textContent = (await got.json()).detail;
});

document.getElementById("sign-out").addEventListener("click", async () => {
  const got = await post("/sign-out", {});
  answer.textContent = got.ok ? "Signed out." : (await got.json()).detail;
});
