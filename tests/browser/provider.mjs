// An OpenID provider that is not ours, certified software as an organisation has it: npm
// oidc-provider, with PKCE required and back-channel logout. Whoever says who they are is signed in.
//
//   PORT SITE_URL CLIENT_SECRET ACCOUNTS   ACCOUNTS is JSON: claims by account
import Provider from "oidc-provider";

const { PORT, SITE_URL, CLIENT_SECRET, ACCOUNTS } = process.env;
const ISSUER = `http://127.0.0.1:${PORT}`;
const SERVICES = ["signals", "triage", "notify"];
const accounts = JSON.parse(ACCOUNTS);

const client = (name) => ({
  client_id: name,
  client_secret: CLIENT_SECRET,
  redirect_uris: [`${SITE_URL}/${name}/signed-in`],
  post_logout_redirect_uris: [`${SITE_URL}/signed-out`],
  backchannel_logout_uri: `${SITE_URL}/${name}/back-channel-logout`,
  backchannel_logout_session_required: true,
});

const page = (inside) =>
  `<!doctype html><html lang="nl"><meta charset="utf-8"><title>Inloggen</title>${inside}`;

async function grantAll(ctx) {
  const grant = new ctx.oidc.provider.Grant({
    clientId: ctx.oidc.client.clientId,
    accountId: ctx.oidc.session.accountId,
  });
  grant.addOIDCScope("openid profile");
  await grant.save();
  return grant;
}

const provider = new Provider(ISSUER, {
  clients: SERVICES.map(client),
  pkce: { methods: ["S256"], required: () => true },
  claims: {
    openid: ["sub"],
    profile: ["name", "preferred_username", "roles", "municipality", "team", "partner_id"],
  },
  // What the scope asks for stands in the id token itself.
  conformIdTokenClaims: false,
  cookies: { keys: ["of the tests"] },
  features: {
    devInteractions: { enabled: false },
    backchannelLogout: { enabled: true },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx, form) => {
        const button = '<button form="op.logoutForm" name="logout" value="yes">Ja, uitloggen</button>';
        ctx.body = page(`<h1>Uitloggen?</h1>${form}${button}`);
      },
    },
  },
  loadExistingGrant: grantAll,
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (ctx, id) =>
    accounts[id] && {
      accountId: id,
      claims: () => ({ sub: id, preferred_username: id, ...accounts[id] }),
    },
});

const ASK =
  '<h1>Wie bent u?</h1><form method="post"><label>Account <input name="login"></label>' +
  "<button>Inloggen</button></form>";

provider.use(async (ctx, next) => {
  if (ctx.path === "/ready") {
    ctx.body = "ready";
  } else if (!ctx.path.startsWith("/interaction/")) {
    await next();
  } else if (ctx.method === "GET") {
    ctx.body = page(ASK);
  } else {
    let body = "";
    for await (const part of ctx.req) body += part;
    const accountId = new URLSearchParams(body).get("login");
    ctx.respond = false;
    await provider.interactionFinished(ctx.req, ctx.res, { login: { accountId } });
  }
});

provider.listen(Number(PORT), "127.0.0.1");
