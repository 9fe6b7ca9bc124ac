/** Articles, prepositions and the like by language, in Latin letters: prose of any of them holds one soon. */
const BY_LANGUAGE: Readonly<Record<string, string>> = {
  en:
    "a an the of to in is it and or for on at by be are was as with this that you i we he she they not no yes can do if from your my me will its once then than there here so but has have had were what which how all one each every when while per our their them using some",
  de:
    "der die das und ist ein eine nicht ich sie zu mit für auf den von dem im es wir er sich auch aber oder wenn nur noch wie aus bei nach",
  fr:
    "de la les des et un une est pour dans pas je vous il au du ce en le que qui ne se sur par plus mais ou avec nous",
  es: "de la el los las un una y en que es por con no se su lo al del para como más pero mi sin si",
  pt: "o os as um uma não para com do da em é no na por mais mas ou se ao dos",
  it: "il lo gli di che per non sono mi ti al della un una in con da si più ma anche come del i le la",
  nl: "het een van ik niet en je dat op te zijn voor met is de maar ook of bij aan er uw",
  pl: "w nie na się i jest do to że z o jak ale od po przy dla czy oraz lub raz za tak a jej jego być",
  cs:
    "v na se je ne jsem si s z do pro to ale ani jen nebo jako od po při za by už k ve i tak však vám svoje svůj rád",
  sk: "som alebo ako pri pre vám svoje však ani len nie už aj so že ale rád od po za k vo",
  sl: "je ne in na v za da pa se so z ali ki vam bi ni po od si smem lahko",
  hr: "je ne i u na za da se su ili sam vam od po do s oko ću neću mogu što kao te",
  lt: "ir yra ne į su kad o bet iš ar tai jūs aš arba per apie prie negaliu",
  lv: "un ir ne ar no par ka es jūs bet vai lai kā pie",
  et: "ja on ei ta see et ma te või aga kui ka siis oma",
  fi: "ja on ei se että en hän mutta tai kun myös jos ovat voi ole kuin sen tämä minä",
  hu: "az a és nem hogy egy is van de ha el meg csak vagy sem én ez azt",
  sv: "och att det inte jag på som är en ett för med av till den om har kan men",
  da: "og det er ikke jeg på til af en et for med den der har kan men om så",
  is: "og að í á er ekki ég það sem við um til en fyrir með af má",
  ro: "și nu este cu pe la de în o un să din mai că sau vă ne se pentru",
  tr: "bir ve bu için da de ne ile çok en gibi daha ama var yok mi ya o",
  az: "və bir bu üçün ki da də ilə o",
  uz: "va bir bu uchun bilan ham yoki deb u",
  id: "yang dan di untuk tidak saya ini itu dengan pada ke dari atau akan bisa sekali ada anda kami saat",
  tl: "ang ng sa na mga at ay ko mo hindi kung para ito kapag po",
  sw: "ya wa na kwa ni la za si katika kama au mimi kila hii",
  zu: "ukuthi noma futhi uma kodwa",
  vi: "tôi không và là của cho một có các được này với những đó thì khi vào ra để ở đến mỗi",
  eu: "eta da ez bat du dut edo dizut ezin hau baina",
  ca: "i no és el la els les un una per amb que de us",
  cy: "y yn i a ar gan neu am dim gen mae",
  ga: "an agus na ar leis le orm tá go i",
  sq: "të dhe në një nuk më ju me se për",
  eo: "la kaj ne estas mi vi en de por al aŭ kiu",
  la: "et in est non ad cum sed ut aut per ex semper",
  mt: "il li ma ta u ghal jew hu",
  ms: "dengan dalam telah oleh",
  yo: "ni ti o fun ko le lati mi",
  gl: "non o a os as un unha de con que en ou moito",
};

export const SMALL_WORDS: ReadonlySet<string> = new Set(
  Object.values(BY_LANGUAGE).flatMap((words) => words.split(" ")),
);
