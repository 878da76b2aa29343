/-! The transport of the native runtime: one command of the community REPL is one request.

The command is `run_cmd Pidistill.answer "<request as JSON>"`, run where the problem's header and this code have been
elaborated, and nothing of any candidate. Its own state is the clean one that statement and submission start from. The
reply is one message that begins with the request's nonce, which no candidate sees. -/

namespace Pidistill
open Lean Elab

def textOf (request : Json) (name : String) : IO String :=
  match request.getObjVal? name with
  | .ok (.str s) => pure s
  | _ => throw (IO.userError ("the request has no field " ++ name))

/-- The state of the running command as the state in front of every text: no messages, no recorded infos. -/
def cleanHere (st : Command.State) : Clean :=
  let scopes := match st.scopes with
    | scope :: rest => { scope with opts := ours scope.opts } :: rest
    | [] => []
  { imports := [], errors := []
    state := { st with messages := {}, scopes := scopes, infoState := { enabled := false }, snapshotTasks := #[] } }
where
  ours (o : Options) : Options :=
    (o.insert `linter.all (DataValue.ofBool false)).insert `Elab.async (DataValue.ofBool false)

def errorsOf : List Message → List Message
  | [] => []
  | m :: rest => if isError m then m :: errorsOf rest else errorsOf rest

/-- As `serve.lean`'s, but that modules beyond the header's are never imported: the REPL holds one environment per header. -/
def checkHere (clean : Clean) (statement submission : String) (target : Name) : IO (List (String × Json)) := do
  let (given, _) ← elabCommands (inputContext statement "statement") false {} clean.state
  let errors := errorsOf given.messages.toList
  let missing := !(given.env.toKernelEnv.find? target).isSome
  if missing || anyList errors (fun _ => true) then
    let told ← jsonLog errors
    return [("statement_errors", told), ("target_unknown", Json.bool missing)]
  let ictx := inputContext submission "submission"
  let (head, ps, log) ← Parser.parseHeader ictx
  match ← importsOf clean.state.env head with
  | .unavailable modules => return [("unavailable", ← jsonNames modules)]
  | .more modules => return [("unavailable", ← jsonNames modules)]
  | .plain =>
    let (st, refused) ← elabCommands ictx true ps { clean.state with messages := log }
    let messages ← jsonLog st.messages.toList
    let found ← facts clean.state.env given.env clean.state.env st.env target
    let refusal := match refused with
      | some r => jsonMessage "error" r.text r.pos none
      | none => Json.null
    return ("messages", messages) :: ("refused", refusal) :: found

def answerOne (clean : Clean) (request : Json) : IO (List (String × Json)) := do
  let op ← textOf request "op"
  if op == "check" then
    checkHere clean (← textOf request "statement") (← textOf request "submission") (← textOf request "target").toName
  else if op == "outline" then outline clean.state.env (← textOf request "source")
  else if op == "hello" then return [("version", Json.str Lean.versionString)]
  else throw (IO.userError ("unknown operation " ++ op))

def answer (text : String) : Command.CommandElabM Unit := do
  match Json.parse text with
  | .error e => throw (.error .missing (.ofFormat e))
  | .ok request =>
    let nonce ← textOf request "nonce"
    let clean := cleanHere (← get)
    let fields ← try
        let found ← answerOne clean request
        pure (("event", Json.str "done") :: found)
      catch e => pure [("event", Json.str "trouble"), ("text", Json.str (← e.toMessageData.toString))]
    let reply : Message :=
      { fileName := (← read).fileName, pos := ⟨1, 0⟩, severity := .information
        data := .ofFormat ("@@" ++ nonce ++ " " ++ (Json.mkObj fields).compress) }
    modify fun st => { st with messages := st.messages.add reply }

end Pidistill
