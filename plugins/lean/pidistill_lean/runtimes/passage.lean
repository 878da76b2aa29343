/-! What the gate says to a command: elaborate it, as it comes back, or do not. The words that it goes by are in `gate.lean`.

Commands that run a program to show something (`#eval`, `#guard`) are not run. Lean refuses a file in which one names what is not there, so
what it would run is elaborated, as `#check` does it.
-/

namespace Pidistill
open Lean Elab

/-- Whether something under `stx` is of the kind with that last name. -/
partial def hasKind (word : String) (stx : Syntax) : Bool :=
  match stx with
  | .node _ k args => lastText k == word || anyList args.toList (hasKind word)
  | _ => false

/-- The option that a `set_option` sets. -/
def optionName (stx : Syntax) : Name :=
  let option := (argument stx 1).getId
  if option.isAnonymous then (argument (argument stx 1) 0).getId else option

/-- Whether a part of a name is one that Lean gives what it keeps of an argument's default tactic, and runs. Nobody writes such a name: who
could make the constant, or say that another is the same, would have Lean run what never met the gate. -/
def isOfDefaultTactic (part : Name) : Bool := "_auto".isPrefixOf (lastText part)

/-- The first thing under `stx` that may not be there. -/
partial def closed (given env : Environment) (stx : Syntax) : Option (Syntax × String) :=
  match stx with
  | .ident _ _ n _ =>
    if hasPart closedNameSet n || anyList n.components isOfDefaultTactic then
      some (stx, nameText n ++ " is not allowed: it runs code or stands for it")
    else none
  | .node _ k args =>
    let name := lastText k
    if !hasWord watched name then firstOf args.toList (closed given env)
    else match lookup closedKinds name with
    | some why => some (stx, why)
    | none =>
      let here : Option String :=
        if name == "attrInstance" then
          let attr := firstToken (argument stx 1)
          if hasText openAttributes attr then none else some ("the attribute " ++ attr ++ " is not allowed in a proof")
        else if name == "set_option" || name == "setOption" then
          let option := optionName stx
          if optionIsOpen option then none else some ("the option " ++ nameText option ++ " is not allowed in a proof")
        else if name == "binderTactic" then
          if hasConfig stx then some "a tactic's configuration may not stand in an argument's default, which is elaborated again later" else none
        else configItem given env stx
      match here with
      | some why => some (stx, why)
      | none => firstOf args.toList (closed given env)
  | _ => none

/-- What the gate says to a command: it may be elaborated as it comes back, it is passed over, or it may not be there. -/
inductive Passage where
  | elaborate (cmd : Syntax)
  | skip
  | refuse (stx : Syntax) (why : String)

instance : Inhabited Passage := ⟨.skip⟩

/-- Commands that Lean keeps the syntax of, and elaborates again behind others: what is beside a configuration then is not known yet. -/
def keptCommands : List Name := ``Parser.Command.variable :: notationCommands

/-- With every `$x` taken out; `none` where one is more than a macro's argument. -/
partial def withoutArguments (stx : Syntax) : Option Syntax :=
  match stx with
  | .node info k args =>
    if isAntiquot k then (if (argument stx 2).isIdent then some .missing else none)
    else (each args.toList).map (fun xs => .node info k xs.toArray)
  | x => some x
where
  isAntiquot (k : Name) : Bool := lastText k == "antiquot"
  each : List Syntax → Option (List Syntax)
    | [] => some []
    | x :: rest =>
      match withoutArguments x, each rest with
      | some y, some ys => some (y :: ys)
      | _, _ => none

/-- What a macro stands for, where it is another word for one tactic or term: a quotation, its holes the macro's arguments. Then it runs no more
than a notation does. What it stands for is elaborated where it is used, and never meets the gate again: so it does here, as it is. -/
def abbreviation (cmd : Syntax) : Option (List Syntax) :=
  let tail := argument cmd (cmd.getNumArgs - 1)
  let category := (argument tail 1).getId
  let body := argument tail (tail.getNumArgs - 1)
  let quoted := if body.getKind == ``Parser.Command.macroRhs then argument body 0 else body
  if !hasName [`tactic, `term] category || !hasText ["quot", "quotSeq"] (lastText quoted.getKind) then none
  else match withoutArguments (.node .none `null quoted.getArgs) with
    | some inside => if hasConfig inside then none else some (inside :: heads cmd.getArgs.toList)
    | none => none
where
  heads : List Syntax → List Syntax
    | [] => []
    | [_] => []
    | x :: rest => x :: heads rest

/-- `given` is the environment behind what of the problem's own commands the submission begins with. -/
partial def commandClosed (given env : Environment) (cmd : Syntax) : Option (Syntax × String) :=
  let k := cmd.getKind
  if !hasName openCommands k then
    some (cmd, "the command " ++ firstToken cmd ++ " is not allowed in a proof")
  else if k == ``Parser.Command.in then
    firstOf [argument cmd 0, argument cmd 2] (commandClosed given env)
  else if k == ``Parser.Command.mutual then
    firstOf (argument cmd 1).getArgs.toList (commandClosed given env)
  else if hasName keptCommands k && hasConfig cmd then
    some (cmd, "a tactic's configuration may not stand in what is elaborated again later")
  else if hasName notationCommands k && ownInstance env (ownConstants given env) plainClasses then
    -- what a notation becomes is compiled and run, with the instances that are found
    some (cmd, "a notation or a macro beside instances of one's own would run code")
  else if k == ``Parser.Command.macro then
    match abbreviation cmd with
    | some body => firstOf body (closed given env)
    | none => some (cmd, "a macro that is more than another word for a tactic or a term would run code")
  else closed given env cmd

partial def lastOf : List Syntax → Syntax
  | [] => .missing
  | [x] => match x with
    | .node _ `null xs => lastOf xs.toList
    | x => x
  | _ :: rest => lastOf rest

/-- `#print axioms c` only has to find `c`: what it rests on is found out elsewhere. Of `#eval e` nothing is run. -/
def resolving (cmd : Syntax) (term : Syntax) : Syntax :=
  .node .none ``Parser.Command.check #[.atom (SourceInfo.fromRef cmd) "#check", term]

/-- What a command says of a term that Lean elaborates and then runs, or compares; `none` for other commands. -/
def termOf (cmd : Syntax) : Option Syntax :=
  if hasName [``Parser.Command.printAxioms, ``Parser.Command.eval, ``Parser.Command.evalBang, `Lean.Parser.Command.guardCmd] cmd.getKind then
    some (lastOf cmd.getArgs.toList)
  else if cmd.getKind == `Lean.Parser.Command.guardExprCmd then some (argument cmd 1)
  else none

/-- Of `#guard_msgs in c`, `c`. It catches what `c` says, errors as well. -/
def guarded (cmd : Syntax) : Option Syntax :=
  if cmd.getKind == `Lean.guardMsgsCmd then some (lastOf cmd.getArgs.toList) else none

/-- What a program may say that is only printed. -/
def printing : List Name := [`IO, `IO.println, `IO.print, `IO.eprintln, `IO.eprint]

def programRoots : NameSet := wordSet ["IO", "Lean", "BaseIO", "EIO"] {}
def programParts : NameSet :=
  wordSet ["FS", "Process", "CommandElabM", "TermElabM", "TacticM", "MetaM", "CoreM", "MacroM", "addDecl", "setEnv", "modifyEnv", "elabCommand"] {}

/-- The first word under `stx` of a program that does more than to print. It is not run either; but nobody proves with one. -/
partial def program (stx : Syntax) : Option (Syntax × String) :=
  match stx with
  | .ident _ _ n _ =>
    if !hasName printing n && (hasPart programRoots n.getRoot || hasPart programParts n) then
      some (stx, "#eval of a program that does more than to print is not allowed in a proof")
    else none
  | .node _ _ args => firstOf args.toList program
  | _ => none

def onlyShows (cmd : Syntax) : Bool := hasName showingCommands cmd.getKind || (termOf cmd).isSome

partial def passage (given env : Environment) (cmd : Syntax) : Passage :=
  if cmd.getKind == ``Parser.Command.in then
    match passage given env (argument cmd 0), passage given env (argument cmd 2) with
    | .elaborate first, .elaborate second => .elaborate ((cmd.setArg 0 first).setArg 2 second)
    | .elaborate _, other => other
    | .refuse stx why, _ => .refuse stx why
    | .skip, _ => .refuse cmd "a command that only shows something opens nothing"
  else
    let shown := match guarded cmd with
      | some inner => if onlyShows inner then some inner else none
      | none => if onlyShows cmd then some cmd else none
    let found := match shown with
      | some inner =>
        match closed given env inner, termOf inner with
        | none, some term => program term
        | found, _ => found
      | none => commandClosed given env cmd
    match found, termOf cmd with
    | some (stx, why), _ => .refuse stx why
    | none, some term => .elaborate (resolving cmd term)
    | none, none =>
      if (guarded cmd).isSome then .skip
      else .elaborate (if hasConfig cmd then configured cmd else cmd)

/-- What a quoted tactic is put together with. -/
def quotationParts : List Name :=
  [``Lean.Syntax, ``Lean.Syntax.node, ``Lean.Syntax.ident, ``Lean.mkAtom, ``Lean.SourceInfo.none, ``Lean.Syntax.Preresolved,
   ``Lean.Syntax.Preresolved.decl, ``Lean.Syntax.Preresolved.namespace, ``Lean.Name.anonymous, ``Lean.Name.str, ``Lean.Name.num, ``Lean.Name.mkStr,
   ``Lean.Name.mkNum, ``Lean.Name.mkStr1, ``Lean.Name.mkStr2, ``Lean.Name.mkStr3, ``Lean.Name.mkStr4, ``Lean.Name.mkStr5, ``Lean.Name.mkStr6,
   ``Lean.Name.mkStr7, ``Lean.Name.mkStr8, ``Array.empty, ``Array.push, ``List.nil, ``List.cons, ``String, ``String.toRawSubstring, ``Nat,
   ``OfNat.ofNat, ``instOfNatNat]

/-- Whether a constant is what Lean keeps of an argument's default tactic: a quotation under a name of Lean's, which no command can write, put
together with constructors alone. Lean runs it where the argument is left out, and nothing happens then but that. What the tactic says has met
the gate. -/
def isQuotedTactic (c : ConstantInfo) : Bool :=
  match c with
  | .defnInfo v =>
    isOfDefaultTactic v.name && v.type.isConstOf ``Lean.Syntax && !anyList (constantsOf v.value) (fun n => !hasName quotationParts n)
  | _ => false

def mentionsMeta (c : ConstantInfo) (cmd : Syntax) : Bool :=
  anyList (dependencies c) (hasName metaNames) && !(hasKind "binderTactic" cmd && isQuotedTactic c)

/-- Whether it is a notation or a macro, and nothing else that declares, behind `open … in` or its like. -/
partial def isNotation (cmd : Syntax) : Bool :=
  if cmd.getKind == ``Parser.Command.in then
    hasName
      [``Parser.Command.open, ``Parser.Command.set_option, ``Parser.Command.variable, ``Parser.Command.universe,
       ``Parser.Command.include, ``Parser.Command.omit] (argument cmd 0).getKind && isNotation (argument cmd 2)
  else hasName notationCommands cmd.getKind

/-- A constant that was not there before the command and that is meta code. -/
def madeMeta (before after : Environment) (cmd : Syntax) : Option String :=
  if isNotation cmd then none
  else
    let k := before.toKernelEnv
    let rec go : List (Name × ConstantInfo) → Option String
      | [] => none
      | (n, c) :: rest =>
        if (k.find? n).isSome then go rest
        else if mentionsMeta c cmd then some (userText n ++ " is made of meta code, which is not allowed in a proof")
        else go rest
    go (made after)

end Pidistill
