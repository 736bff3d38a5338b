-- Who is signed in here with a browser, and who is on their way: see shared/web/sessions.py.
create table web_session (
  token_hash  bytea primary key,
  person      text not null,        -- as the provider's claim names them
  claims      jsonb not null,       -- what they may be: see shared/web/oidc.py
  subject     text not null,        -- `sub` and `sid` at the provider, by which it ends sessions
  provider_id text not null,
  id_token    text not null,        -- shown to the provider when the person signs out
  form_key    text not null,        -- a form without it is not from one of our pages
  began_at    timestamptz not null,
  seen_at     timestamptz not null
);
create index web_session_subject on web_session (subject);
create index web_session_seen_at on web_session (seen_at);

create table web_sign_in (
  state_hash bytea primary key,
  nonce      text not null,
  verifier   text not null,
  return_to  text not null,
  began_at   timestamptz not null
);
create index web_sign_in_began_at on web_sign_in (began_at);
