/-! The gate: what a submission may not contain, found in its syntax before a command is elaborated.

With it only Lean's own elaborators ever run, none of the candidate's code, so nothing can forge a reply or edit an environment.
Commands, attributes and options pass by an allow-list. Terms and tactics pass unless they are known to run
code that was written by the user. The kernel runs compiled code where it meets `reduceBool`, and elaborators run compiled terms that
configure a tactic: both are closed below.
-/

namespace Pidistill
open Lean Elab

def lastText : Name → String
  | .str _ s => s
  | _ => ""

def hasText (xs : List String) (s : String) : Bool := anyList xs (fun x => x == s)

/-- Commands that a proof may contain. -/
def openCommands : List Name :=
  [``Parser.Command.declaration, ``Parser.Command.deriving, ``Parser.Command.namespace, ``Parser.Command.section,
   ``Parser.Command.end, ``Parser.Command.open, ``Parser.Command.export, ``Parser.Command.variable,
   ``Parser.Command.universe, ``Parser.Command.set_option, ``Parser.Command.mutual, ``Parser.Command.attribute,
   ``Parser.Command.notation, ``Parser.Command.mixfix, ``Parser.Command.include, ``Parser.Command.omit,
   ``Parser.Command.moduleDoc, ``Parser.Command.in, ``Parser.Command.grindPattern, ``Parser.commandSeal__,
   ``Parser.commandUnseal__, `lemma, `Mathlib.Tactic.lemma, `Batteries.Tactic.Alias.alias]

/-- Commands that only show something: let through and not elaborated. -/
def silentCommands : List Name :=
  [``Parser.Command.check, ``Parser.Command.check_failure, ``Parser.Command.print, ``Parser.Command.printAxioms,
   ``Parser.Command.printSig, ``Parser.Command.printEqns, ``Parser.Command.synth, ``Parser.Command.where, ``Parser.Command.version, ``Lean.reduceCmd]

/-- Commands after which constants that hold meta code may be there, made by Lean itself. -/
def notationCommands : List Name := [``Parser.Command.notation, ``Parser.Command.mixfix]

def openAttributes : List String :=
  ["simp", "reducible", "semireducible", "irreducible", "inline", "noinline", "always_inline", "nospecialize", "specialize", "instance",
   "default_instance", "class", "match_pattern", "elab_as_elim", "elab_without_expected_type", "ext", "refl", "symm", "trans", "congr",
   "norm_cast", "push_cast", "coe", "simps", "to_additive", "deprecated", "inherit_doc", "expose", "no_expose",
   "grind", "grind?", "grind!", "induction_eliminator", "cases_eliminator", "recursor", "gcongr", "mono", "fun_prop", "pp_nodot",
   "pp_using_anonymous_constructor", "nolint", "spec", "wf_preprocess", "partial_fixpoint_monotone", "defeq", "norm_num", "local"]

def openOptions : List String :=
  ["maxRecDepth", "maxHeartbeats", "synthInstance.maxHeartbeats", "synthInstance.maxSize", "maxSynthPendingDepth",
   "autoImplicit", "relaxedAutoImplicit", "tactic.hygienic", "smartUnfolding", "exponentiation.threshold", "showTacticDiff",
   "genInjectivity", "genSizeOf", "genSizeOfSpec", "structureDiamondWarning", "autoLift", "warn.sorry", "warningAsError",
   "diagnostics", "diagnostics.threshold", "simprocs", "tactic.simp.trace", "tactic.customEliminators",
   "tactic.skipAssignedInstances", "match.ignoreUnusedAlts", "deprecated.oldSectionVars", "grind.warning", "mvcgen.warning",
   "wf.preprocess", "maxErrors", "verbose", "quotPrecheck"]

def openOptionRoots : List String := ["pp", "linter", "format", "backward"]

def openTraces : List String := ["Meta", "Elab", "grind", "split", "simp", "omega"]

def optionIsOpen (n : Name) : Bool :=
  hasText openOptions (nameText n) ||
    (match n.components with
     | .str .anonymous "trace" :: .str .anonymous second :: _ => hasText openTraces second
     | .str .anonymous first :: _ :: _ => hasText openOptionRoots first
     | _ => false)

/-- Terms, tactics and parts of declarations that run the user's code or hand it to the compiler. By the last part of their name:
Lean moves parsers between namespaces. -/
def closedKinds : List (String × String) :=
  [("byElab", "by_elab runs code while the proof is checked"),
   ("runTac", "run_tac runs code while the proof is checked"),
   ("includeStr", "include_str reads a file"),
   ("nativeDecide", "native_decide trusts compiled code"),
   ("bvDecide", "bv_decide trusts compiled code"),
   ("bvDecideMacro", "bv_decide trusts compiled code"),
   ("bvTrace", "bv_decide trusts compiled code"),
   ("bvTraceMacro", "bv_decide trusts compiled code"),
   ("bvCheck", "bv_check trusts compiled code"),
   ("bvCheckMacro", "bv_check trusts compiled code"),
   ("unsafe", "unsafe code is not allowed"),
   ("meta", "meta code is not allowed"),
   ("leading_parser", "a proof may not make parsers"),
   ("trailing_parser", "a proof may not make parsers"),
   ("withAnonymousAntiquot", "a proof may not make parsers"),
   ("elabToSyntax", "a proof may not make syntax"),
   ("binderTactic", "a default tactic of an argument is not allowed"),
   ("computedFields", "computed fields replace code behind the kernel's back"),
   ("declareSimpLikeTactic", "a proof may not make tactics"),
   ("polyrith", "polyrith asks another computer"),
   ("quot", "a proof may not quote syntax"),
   ("dynamicQuot", "a proof may not quote syntax"),
   ("precheckedQuot", "a proof may not quote syntax"),
   ("quotSeq", "a proof may not quote syntax"),
   ("antiquot", "a proof may not quote syntax"),
   ("antiquot_scope", "a proof may not quote syntax"),
   ("antiquot_suffix_splice", "a proof may not quote syntax"),
   ("antiquotNestedExpr", "a proof may not quote syntax")]

/-- `reduceBool` and its kin make the kernel run compiled code; `autoParam` makes Lean run a constant as a tactic. -/
def closedNames : List String := ["reduceBool", "reduceNat", "ofReduceBool", "ofReduceNat", "trustCompiler", "autoParam"]

/-- What only meta code is made of. A proof has no use for a constant that mentions one of these. -/
def metaNames : List Name :=
  [``Lean.Syntax, ``Lean.TSyntax, ``Lean.SourceInfo, ``Lean.Macro, ``Lean.MacroM, ``Lean.ParserDescr, ``Lean.PrettyPrinter.UnexpandM,
   `Lean.CoreM, `Lean.Core.CoreM, `Lean.Meta.MetaM, `Lean.Elab.TermElabM, `Lean.Elab.Term.TermElabM, `Lean.Elab.Tactic.TacticM,
   `Lean.Elab.Command.CommandElabM, `Lean.Parser.Parser, `Lean.Environment, `Lean.Meta.Simp.SimpM, `Lean.Meta.Simp.Simproc]

def lookup (xs : List (String × String)) (s : String) : Option String :=
  match xs with
  | [] => none
  | (k, v) :: rest => if k == s then some v else lookup rest s

partial def firstToken (stx : Syntax) : String :=
  match stx with
  | .atom _ s => s
  | .ident _ _ n _ => nameText n
  | .node _ _ args =>
    let rec go : List Syntax → String
      | [] => ""
      | x :: rest => let t := firstToken x; if t == "" then go rest else t
    go args.toList
  | .missing => ""

def argument (stx : Syntax) (i : Nat) : Syntax := stx.getArg i

/-- First thing found by `look` in the list. -/
def firstOf {α : Type} (xs : List Syntax) (look : Syntax → Option α) : Option α :=
  match xs with
  | [] => none
  | x :: rest =>
    match look x with
    | some found => some found
    | none => firstOf rest look

def componentsText (n : Name) : List String :=
  let rec go : List Name → List String
    | [] => []
    | c :: rest => nameText c :: go rest
  go n.components

def anyText (xs : List String) (p : String → Bool) : Bool := anyList xs p

/-- All constants that were made on top of the imports. -/
partial def madeConstants (n : PersistentHashMap.Node Name ConstantInfo) (acc : List (Name × ConstantInfo)) : List (Name × ConstantInfo) :=
  match n with
  | .collision ks vs _ => zip ks.toList vs.toList acc
  | .entries es => entries es.toList acc
where
  zip : List Name → List ConstantInfo → List (Name × ConstantInfo) → List (Name × ConstantInfo)
    | k :: ks, v :: vs, acc => zip ks vs ((k, v) :: acc)
    | _, _, acc => acc
  entries : List (PersistentHashMap.Entry Name ConstantInfo (PersistentHashMap.Node Name ConstantInfo)) → List (Name × ConstantInfo) →
      List (Name × ConstantInfo)
    | [], acc => acc
    | .entry k v :: rest, acc => entries rest ((k, v) :: acc)
    | .ref m :: rest, acc => entries rest (madeConstants m acc)
    | .null :: rest, acc => entries rest acc

def made (env : Environment) : List (Name × ConstantInfo) := madeConstants env.toKernelEnv.constants.map₂.root []

def resultHead : Expr → Name
  | .forallE _ _ b _ => resultHead b
  | .mdata _ b => resultHead b
  | .app f _ => resultHead f
  | .const n _ => n
  | _ => .anonymous

partial def says (word : String) (stx : Syntax) : Bool :=
  match stx with
  | .ident _ _ n _ => lastText n == word
  | .node _ _ args => anyList args.toList (says word)
  | _ => false

/-- A tactic's configuration is compiled and run, so it may be built of literals and Lean's own names only, and only while the
submission has no instance that could stand behind a literal. -/
partial def configValue (own : List (Name × ConstantInfo)) (stx : Syntax) : Bool :=
  match stx with
  | .missing => true
  | .atom _ _ => true
  | .ident _ _ n _ => !anyList own (fun c => lastText (privateToUserName c.1) == lastText n)
  | .node _ k args =>
    hasText ["null", "num", "str", "scientific", "choice", "dotIdent", "structInst", "structInstFields", "structInstField",
      "structInstFieldDef", "structInstLVal", "optEllipsis", "hygienicLParen", "paren", "trueVal", "falseVal", "hygieneInfo", "anonymousCtor"] (lastText k)
      && !anyList args.toList (fun a => !configValue own a)

def ownInstance (env : Environment) (own : List (Name × ConstantInfo)) : Bool :=
  anyList own (fun c => match c.2 with
    | .defnInfo v => isClass env (resultHead v.type)
    | .axiomInfo v => isClass env (resultHead v.type)
    | .opaqueInfo v => isClass env (resultHead v.type)
    | _ => false)

def configItem (env : Environment) (stx : Syntax) : Option String :=
  let k := lastText stx.getKind
  if k == "posConfigItem" && firstToken (argument stx 1) == "native" then some "native code is not trusted"
  else if k == "valConfigItem" || (k == "config" && stx.getNumArgs > 3) then
    let own := made env
    if says "native" stx then some "native code is not trusted"
    else if !configValue own (argument stx 3) then some "this configuration of a tactic would run code"
    else if ownInstance env own then some "a tactic's configuration beside instances of one's own would run code"
    else none
  else none

/-- The first thing under `stx` that may not be there. -/
partial def closed (env : Environment) (stx : Syntax) : Option (Syntax × String) :=
  match stx with
  | .ident _ _ n _ =>
    if anyText (componentsText n) (hasText closedNames) then some (stx, nameText n ++ " is not allowed: it runs code or stands for it") else none
  | .node _ k args =>
    let name := lastText k
    match lookup closedKinds name with
    | some why => some (stx, why)
    | none =>
      let here : Option String :=
        if name == "attrInstance" then
          let attr := firstToken (argument stx 1)
          if hasText openAttributes attr then none else some ("the attribute " ++ attr ++ " is not allowed in a proof")
        else if name == "set_option" || name == "setOption" then
          let option := (argument stx 1).getId
          let option := if option.isAnonymous then (argument (argument stx 1) 0).getId else option
          if optionIsOpen option then none else some ("the option " ++ nameText option ++ " is not allowed in a proof")
        else configItem env stx
      match here with
      | some why => some (stx, why)
      | none => firstOf args.toList (closed env)
  | _ => none

/-- What the gate says to a command. -/
inductive Passage where
  | elaborate
  | skip
  | refuse (stx : Syntax) (why : String)

partial def commandClosed (env : Environment) (cmd : Syntax) : Option (Syntax × String) :=
  let k := cmd.getKind
  if !hasName openCommands k then
    some (cmd, "the command " ++ firstToken cmd ++ " is not allowed in a proof")
  else if k == ``Parser.Command.in then
    firstOf [argument cmd 0, argument cmd 2] (commandClosed env)
  else if k == ``Parser.Command.mutual then
    firstOf (argument cmd 1).getArgs.toList (commandClosed env)
  else if hasName notationCommands k && ownInstance env (made env) then
    -- what a notation becomes is compiled and run, with the instances that are found
    some (cmd, "a notation beside instances of one's own would run code")
  else closed env cmd

def passage (env : Environment) (cmd : Syntax) : Passage :=
  if hasName silentCommands cmd.getKind then .skip
  else
    match commandClosed env cmd with
    | some (stx, why) => .refuse stx why
    | none => .elaborate

def mentionsMeta (c : ConstantInfo) : Bool :=
  anyList (dependencies c) (hasName metaNames)

/-- A constant that was not there before the command and that is meta code. -/
def madeMeta (before after : Environment) (cmd : Syntax) : Option String :=
  if hasName notationCommands cmd.getKind then none
  else
    let k := before.toKernelEnv
    let rec go : List (Name × ConstantInfo) → Option String
      | [] => none
      | (n, c) :: rest =>
        if (k.find? n).isSome then go rest
        else if mentionsMeta c then some (userText n ++ " is made of meta code, which is not allowed in a proof")
        else go rest
    go (made after)

end Pidistill
