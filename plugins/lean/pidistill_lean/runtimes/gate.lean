/-! The gate: what a submission may not contain, found in its syntax before a command is elaborated. `passage.lean` applies it.

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
   ``Parser.Command.notation, ``Parser.Command.mixfix, ``Parser.Command.macro, ``Parser.Command.include, ``Parser.Command.omit,
   ``Parser.Command.moduleDoc, ``Parser.Command.in, ``Parser.Command.import, ``Parser.Command.grindPattern, ``Parser.commandSeal__,
   ``Parser.commandUnseal__, ``Parser.Command.addDocString,
   `lemma, `Mathlib.Tactic.lemma, `Batteries.Tactic.Alias.alias]

/-- Commands that only show something. They are elaborated, since Lean refuses a file in which they name what is not there. -/
def showingCommands : List Name :=
  [``Parser.Command.check, ``Parser.Command.check_failure, ``Parser.Command.print, ``Parser.Command.printSig, ``Parser.Command.printEqns,
   ``Parser.Command.synth, ``Parser.Command.where, ``Parser.Command.version, ``Lean.reduceCmd]

/-- Commands after which constants that hold meta code may be there, made by Lean itself. -/
def notationCommands : List Name := [``Parser.Command.notation, ``Parser.Command.mixfix, ``Parser.Command.macro]

def openAttributes : List String :=
  ["simp", "reducible", "semireducible", "irreducible", "inline", "noinline", "always_inline", "macro_inline", "nospecialize", "specialize", "instance",
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
   "wf.preprocess", "maxErrors", "verbose", "quotPrecheck", "profiler", "profiler.threshold", "trace.profiler", "trace.profiler.threshold",
   "checkBinderAnnotations", "synthInstance.checkSynthOrder", "inductive.autoPromoteIndices", "maxUniverseOffset", "sat.timeout", "grind.debug",
   "guard_msgs.diff", "eval.pp", "eval.type"]

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

/-! Lists of words that are looked up for every node of a text are sets of names: a look-up is one call of compiled code, and a walk along a
list is many steps of the interpreter. -/

def wordSet : List String → NameSet → NameSet
  | [], acc => acc
  | w :: rest, acc => wordSet rest (acc.insert (.str .anonymous w))

def hasWord (xs : NameSet) (w : String) : Bool := xs.contains (.str .anonymous w)

def firstWords : List (String × String) → List String
  | [] => []
  | (w, _) :: rest => w :: firstWords rest

/-- Last parts of the names of configurations. -/
def configWords : List String := ["posConfigItem", "valConfigItem", "config"]
def configSet : NameSet := wordSet configWords {}

/-- Last parts of the names of all that is looked at more closely. -/
def watched : NameSet :=
  wordSet (join (firstWords closedKinds) (join configWords ["attrInstance", "set_option", "setOption", "binderTactic"])) {}

def closedNameSet : NameSet := wordSet closedNames {}

/-- Whether one of the name's parts is among the words. -/
def hasPart (xs : NameSet) : Name → Bool
  | .anonymous => false
  | .str p s => hasWord xs s || hasPart xs p
  | .num p _ => hasPart xs p

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

/-! ### Configurations

Lean compiles a tactic's configuration and runs it. So it is built here: literals stand for themselves, and words stand for the constants
that this table has for them, whatever a submission has made them mean. Nothing else is let through, and what is let through is put in
the place of what was written. -/

def configConstants : List (String × Name) :=
  [("true", ``Bool.true), ("false", ``Bool.false), ("transparency.default", `Lean.Meta.TransparencyMode.default),
   ("transparency.reducible", `Lean.Meta.TransparencyMode.reducible), ("transparency.instances", `Lean.Meta.TransparencyMode.instances),
   ("transparency.all", `Lean.Meta.TransparencyMode.all), ("occs.all", `Lean.Meta.Occurrences.all), ("occs.pos", `Lean.Meta.Occurrences.pos),
   ("occs.neg", `Lean.Meta.Occurrences.neg), ("newGoals.all", `Lean.Meta.ApplyNewGoals.all),
   ("newGoals.nonDependentFirst", `Lean.Meta.ApplyNewGoals.nonDependentFirst),
   ("newGoals.nonDependentOnly", `Lean.Meta.ApplyNewGoals.nonDependentOnly)]

def constantFor (word : String) : List (String × Name) → Option Name
  | [] => none
  | (w, n) :: rest => if w == word then some n else constantFor word rest

/-- What a value is put together with. In full: a notation can be given the last part of any of these names. -/
def configKinds : List Name :=
  [`null, ``Parser.Term.structInst, ``Parser.Term.structInstFields, ``Parser.Term.structInstFieldDef, ``Parser.Term.optEllipsis,
   ``Parser.Term.hygienicLParen, ``Parser.Term.paren, `hygieneInfo, ``Parser.Term.app, `«term[_]»]

mutual
/-- The configuration's value for the field, built anew; `none` where it is more than a literal. -/
partial def configValue (field : String) (stx : Syntax) : Option Syntax :=
  match stx with
  | .missing => none
  | .atom _ _ => some stx
  | .ident _ _ n _ =>
    match n with
    | .str .anonymous "true" => some (mkCIdentFrom stx ``Bool.true)
    | .str .anonymous "false" => some (mkCIdentFrom stx ``Bool.false)
    | n => (constantFor (field ++ "." ++ lastText n) configConstants).map (fun c => mkCIdentFrom stx c)
  | .node info k args =>
    if k == `num then
      match stx.isNatLit? with
      | some _ => some (.node info ``rawNatLit #[.atom info "nat_lit ", stx])
      | none => none
    else if k == ``Parser.Term.dotIdent then
      (constantFor (field ++ "." ++ lastText (argument stx 1).getId) configConstants).map (fun c => mkCIdentFrom stx c)
    else if k == ``Parser.Term.structInstField then
      -- the field's name stays as it is; it is a name alone
      match args.toList with
      | lval :: rest =>
        match (argument lval 0).isIdent && (argument lval 1).getNumArgs == 0, configValues (firstToken lval) rest with
        | true, some values => some (.node info k (lval :: values).toArray)
        | _, _ => none
      | [] => none
    else if hasName configKinds k then
      match configValues field args.toList with
      | some values => some (.node info k values.toArray)
      | none => none
    else none
partial def configValues (field : String) : List Syntax → Option (List Syntax)
  | [] => some []
  | x :: rest =>
    match x with
    -- left by the parser, and of no meaning
    | .node _ `hygieneInfo _ =>
      match configValues field rest with
      | some ys => some (x :: ys)
      | none => none
    | _ =>
      match configValue field x, configValues field rest with
      | some y, some ys => some (y :: ys)
      | _, _ => none
end

def isConfigItem (stx : Syntax) : Bool :=
  let k := lastText stx.getKind
  k == "valConfigItem" || (k == "config" && stx.getNumArgs > 3)

/-- What a value is for: `(field := value)`. -/
def configField (stx : Syntax) : String := firstToken (argument stx 1)

/-- Classes whose instances stand behind no literal and no coercion. -/
def plainClasses : List Name :=
  [``Add, ``Sub, ``Mul, ``Div, ``Mod, ``Neg, ``HAdd, ``HSub, ``HMul, ``SMul, ``HSMul, ``HDiv, ``HMod, ``HPow, ``Pow, ``LE, ``LT, ``Min, ``Max, ``Membership,
   ``Singleton, ``Insert, ``EmptyCollection, ``Union, ``Inter, ``SDiff, ``HasSubset, ``HasSSubset, ``Decidable, ``Inhabited, ``Nonempty, ``BEq, ``LawfulBEq,
   ``Subsingleton, ``SizeOf, ``WellFoundedRelation, ``Zero, ``One, ``Dvd, ``HOr, ``HAnd, ``Trans, ``Std.Associative, ``Std.Commutative, ``Hashable, ``Ord,
   ``Setoid, ``HasEquiv, ``GetElem, ``Repr]

/-- What `deriving` gives: other words for functions to `Decidable`. -/
def decisions : List Name := [``DecidableEq, ``DecidablePred, ``DecidableRel]

/-- Instances of the submission's own that could stand behind what Lean compiles and runs. One of a class of its own is none, and one
whose type has another name than its class's is. -/
def ownInstance (env : Environment) (own : List (Name × ConstantInfo)) (plain : List Name) : Bool :=
  anyList own (fun c =>
    Meta.isInstanceCore env c.1 &&
      (let head := resultHead c.2.type
       !(hasName decisions head || isClass env head && (hasName plain head || anyList own (fun d => d.1 == head)))))

/-- What a submission has made so far: not the problem's own, which it repeated before all else. -/
def ownConstants (given env : Environment) : List (Name × ConstantInfo) :=
  let k := given.toKernelEnv
  let rec go : List (Name × ConstantInfo) → List (Name × ConstantInfo)
    | [] => []
    | c :: rest => if (k.find? c.1).isSome then go rest else c :: go rest
  go (made env)

def configItem (given env : Environment) (stx : Syntax) : Option String :=
  let k := lastText stx.getKind
  if k == "posConfigItem" && firstToken (argument stx 1) == "native" then some "native code is not trusted"
  else if isConfigItem stx then
    if says "native" stx then some "native code is not trusted"
    else if (configValue (configField stx) (argument stx 3)).isNone then some "this configuration of a tactic would run code"
    -- a numeral is put there as it is, so that no instance stands behind it
    else if ownInstance env (ownConstants given env) (``OfNat :: plainClasses) then some "a tactic's configuration beside instances of one's own would run code"
    else none
  else none

/-- With every configuration built anew. -/
partial def configured (stx : Syntax) : Syntax :=
  match stx with
  | .node info k args =>
    if isConfigItem stx then
      match configValue (configField stx) (argument stx 3) with
      | some v => .node info k (put 3 v args.toList).toArray
      | none => stx
    else .node info k (every args.toList).toArray
  | _ => stx
where
  put : Nat → Syntax → List Syntax → List Syntax
    | _, _, [] => []
    | 0, v, _ :: rest => v :: rest
    | Nat.succ n, v, x :: rest => x :: put n v rest
  every : List Syntax → List Syntax
    | [] => []
    | x :: rest => configured x :: every rest

partial def hasConfig (stx : Syntax) : Bool :=
  match stx with
  | .node _ k args => (hasWord configSet (lastText k) && isConfigItem stx) || anyList args.toList hasConfig
  | _ => false

end Pidistill
