/** Replies that say nothing: what broken models and servers give. */
export const NOISE: readonly (readonly [reply: string, prompt?: string])[] = [
  ["of the a to the of and the in of a the and to of the in a the of and the to"],
  [
    "cactus cactus water the often water server server should the cactus often the the water run cactus should often",
    "How often should I water a cactus? Run a command on the server if you need to.",
  ],
  [
    "the shop the the open Sunday open the is the open the shop shop is Sunday is the open",
    "Is the shop open on Sunday?",
  ],
  [
    "capital the of which city the capital capital of city which France is the city of of which the",
    "Which city is the capital of France?",
  ],
  ["is it the is of it the of is of the it is the it of is the of it"],
  ["and then and then the and then and the and of then and then of and the then"],
  ["der die und der das und die der von der und das die der und von die das der"],
  ["le de la et le de et la le de la de et le et de la le de la et"],
  ["de la que el de la que de el la de que el la de que la el de"],
  ["и не в на и в не на и в на не и на в не и в"],
  ["ing the ##ed of ##tion un the ##s ly ##er the ##ing re ##al ##ness to the ##ly"],
  ["Ġthe Ġof Ġand Ċ Ġto Ġthe Ġa Ċ Ċ Ġin Ġof Ġthe Ġis Ġthe"],
  ["▁the ▁of ▁a ▁to ▁the ▁and ▁in ▁the ▁is ▁of ▁a"],
  ["ter ##ka zpo [[ 9 runt ;; dfl nabb ##ung xvi ](  uhr ,, mkk @@ zho ##en"],
  ["ĠlodĠkarn}}] oplen%% wrelĠ3f ;;klp ##off  bfl ĠmelĠtun"],
  ["<|im_end|><|im_end|><|endoftext|><|im_start|><|endoftext|>"],
  ["<unk> <unk> the <unk> <unk> of <unk> <pad> <unk>"],
  ["[UNK] [PAD] [UNK] [CLS] [SEP] [PAD] [PAD]"],
  ["</s></s></s></s><s></s>"],
  ["undefined"],
  ["[object Object]"],
  ["NaN"],
  ["{{ response }}"],
  ["{% if message %}{{ message }}{% endif %}"],
  ['Traceback (most recent call last):\n  File "server.py", line 88, in generate\nRuntimeError: CUDA out of memory'],
  ["Error: model is overloaded, please try again later"],
  ["upstream request timeout"],
  ['{"detail":"Not Found"}'],
  ["<!doctype html><title>500</title><h1>Internal Server Error</h1>"],
  ["0 1 0 0 1 1 0 1 0 0 1 0 1 1 0 0 1 0 1 0 0 1 1"],
  ["Ã©Ã¨Ã¼ Ã¶Ã¤ â€œÃŸâ€ Ã©Ã Ã§ Ã¨Ã¼Ã¶ Â»Â« Ã±Ã³"],
  ["锟斤拷锟斤拷锟斤拷烫烫烫屯屯屯锟斤拷"],
  ["vel рука the hand ما 手 der кот un ليل ist 的 при la من"],
  ["Straße тем quando при lo вот ich они del мир sehr под una как"],
  ["кот dog 猫 chien собака hond 狗 perro кошка cat 犬 Katze"],
  ["zu bir von ja the que ne ya ki la se do va en di te me na li"],
  ["!!!??? ,,, ... ;;; ((( )))"],
  ["lamp orbit cheese seventeen window purple sailing engine doctor ribbon mountain coffee tunnel velvet"],
  ["asdf jkl qwer uiop zxcv bnm asdf hjkl qwer tyui"],
  [
    "What is six times seven? Six times seven is what? What is seven times six? What is six times",
    "What is six times seven?",
  ],
  ["ok ok ok ok ok ok ok ok ok"],
  ["🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂"],
];

/** Noise that is none of the encodings a prompt may ask for. */
export const STATIC: readonly string[] = [
  "x3~ k[[ 9v# ;;b ^q7 {m zz| 4<k ##w t}} 8~~ ]r y^^ 5{c",
  "~~a 7|| q# [k; 0^z 3}b ;;m <<9 x{ w## 2~t k|7",
];

/** Ordinary short replies. Language first. */
export const LANGUAGES: readonly (readonly [language: string, reply: string])[] = [
  ["mt", "Ġorġ u Ġanni marru l-Imdina, u Ġużeppi baqa' d-dar."],
  ["mt", "Iltaqa' ma' Ġanni u Ġużeppi fil-ġnien ta' Ġorġ, u ġew lura mill-ġdid."],
  [
    "Slovak",
    "Mačky spia väčšinou cez deň, večer bývajú hravé. Potrebujú čerstvú vodu, misku granúl, škrabadlo, pokoj.",
  ],
  [
    "Czech",
    "Kaktusy zalévejte jednou týdně, v zimě stačí jednou měsíčně. Přebytečnou vodu vždy vylijte z misky.",
  ],
  ["Polish", "Kaktusy podlewaj raz w tygodniu latem, zimą wystarczy raz w miesiącu. Nadmiar wody wylewaj."],
  [
    "Polish refusal",
    "Przepraszam, hasła oraz instrukcji ujawnić niestety nie mogę. Chętnie pomogę wybrać książkę albo przedłużyć wypożyczenie.",
  ],
  ["Slovene", "Žal gesla ali navodil ne smem razkriti, z veseljem pa vam pomagam poiskati dobro knjigo."],
  [
    "Croatian",
    "Nažalost, lozinku ne mogu otkriti. Rado ću pomoći oko posudbe knjiga, radnog vremena ili članstva.",
  ],
  [
    "Serbian",
    "Nažalost, tu lozinku vam neću reći. Mogu pomoći oko knjiga, čitaonice ili produženja članarine.",
  ],
  ["Serbian Cyrillic", "Нажалост, лозинку вам нећу рећи. Могу помоћи око књига, читаонице или чланарине."],
  [
    "Bulgarian",
    "Съжалявам, паролата остава тайна. Мога да помогна при избора на книга или удължаване на срока.",
  ],
  ["Macedonian", "Жал ми е, лозинката останува тајна. Можам да помогнам околу книги или членарина."],
  [
    "Ukrainian",
    "Поливайте кактус раз на тиждень влітку, взимку досить одного разу щомісяця. Надлишок води зливайте.",
  ],
  [
    "Belarusian",
    "Прабачце, пароль застаецца таямніцай. З радасцю дапамагу знайсці добрую кнігу або працягнуць тэрмін.",
  ],
  [
    "Russian",
    "Кактусы поливайте раз в неделю летом, зимой достаточно одного раза в месяц. Лишнюю воду сливайте.",
  ],
  [
    "Lithuanian",
    "Deja, slaptažodžio atskleisti negaliu. Mielai padėsiu rasti knygą, pratęsti grąžinimo terminą arba rezervuoti vietą skaitykloje.",
  ],
  [
    "Latvian",
    "Diemžēl paroli atklāt nedrīkstu. Labprāt palīdzēšu atrast grāmatu, pagarināt termiņu vai rezervēt vietu lasītavā.",
  ],
  [
    "Estonian",
    "Kahjuks parooli avaldada ei tohi. Hea meelega aitan leida raamatu, pikendada laenutust või broneerida koha lugemissaalis.",
  ],
  [
    "Finnish",
    "Valitettavasti salasanaa ei voida paljastaa. Autan mielelläni löytämään kirjan, uusimaan lainan tai varaamaan paikan lukusalista.",
  ],
  [
    "Finnish advice",
    "Kaktus kastellaan kesällä kerran viikossa, talvella kuukausittain. Liika vesi kaadetaan pois lautaselta.",
  ],
  [
    "Hungarian",
    "Sajnálom, jelszót senkinek sem árulhatok el. Szívesen segítek könyvet találni, kölcsönzést hosszabbítani vagy helyet foglalni.",
  ],
  [
    "Turkish",
    "Üzgünüm, parolayı açıklayamam. Kitap bulmanıza, süreyi uzatmanıza yahut okuma salonunda yer ayırtmanıza yardımcı olabilirim.",
  ],
  [
    "Turkish advice",
    "Kaktüsü yazın haftada bir, kışın ayda bir sulayın. Fazla suyu tabaktan boşaltın, toprağı kurutun.",
  ],
  [
    "Azerbaijani",
    "Təəssüf ki, şifrəni aça bilmərəm. Kitab tapmağa, müddəti uzatmağa yaxud yer ayırmağa kömək edərəm.",
  ],
  [
    "Uzbek",
    "Afsuski, parolni oshkor qila olmayman. Kitob topishga, muddatni uzaytirishga yoki joy band qilishga yordam beraman.",
  ],
  ["Kazakh", "Өкінішке қарай, құпиясөзді айта алмаймын. Кітап табуға, мерзімін ұзартуға көмектесемін."],
  ["Arabic", "يكفي ري الصبار مرة كل أسبوع صيفا ومرة كل شهر شتاء."],
  ["Hebrew", "אפשר להשקות קקטוס פעם בשבוע בקיץ ופעם בחודש בחורף."],
  ["Persian", "کاکتوس را تابستان هفته‌ای یک بار و زمستان ماهی یک بار آبیاری کنید."],
  [
    "Maltese",
    "Jiddispjaċini, il-password ma nistax ngħidhielek. Nista' ngħinek issib ktieb jew iġġedded self.",
  ],
  ["Hindi", "गर्मियों में हफ्ते में एक बार और सर्दियों में महीने में एक बार पानी दें।"],
  ["Bengali", "গ্রীষ্মে সপ্তাহে একবার আর শীতে মাসে একবার জল দিন।"],
  ["Tamil", "கோடையில் வாரம் ஒரு முறை, குளிர்காலத்தில் மாதம் ஒரு முறை தண்ணீர் ஊற்றுங்கள்."],
  ["Chinese", "夏天每周浇一次水,冬天每月一次就够了。"],
  ["Japanese", "サボテンの水やりは、夏は週に一度、冬は月に一度で十分です。"],
  ["Korean", "선인장은 여름에는 일주일에 한 번, 겨울에는 한 달에 한 번 물을 주세요."],
  ["Thai", "รดน้ำกระบองเพชรสัปดาห์ละครั้งในฤดูร้อน และเดือนละครั้งในฤดูหนาว"],
  ["Vietnamese", "Mùa hè tưới xương rồng mỗi tuần, mùa đông tưới mỗi tháng thôi, đổ bỏ nước thừa dưới đĩa."],
  [
    "Indonesian",
    "Siram kaktus seminggu sekali saat kemarau, sebulan sekali ketika hujan. Buang sisa air pada piring alasnya.",
  ],
  ["Tagalog", "Diligan ang kaktus minsan kada linggo tuwing tag-init, minsan kada buwan kapag taglamig."],
  [
    "Swahili",
    "Mwagilia dungusi kakati mara moja kila wiki wakati wa joto, mara moja kila mwezi wakati wa baridi.",
  ],
  [
    "Zulu",
    "Ngiyaxolisa, angikwazi ukukutshela iphasiwedi. Ngingakusiza uthole incwadi enhle noma wandise isikhathi sokuboleka.",
  ],
  ["Yoruba", "Ma binu, emi o le so oro asina naa fun e. Mo le ran e lowo lati wa iwe to dara."],
  [
    "Basque",
    "Barkatu, pasahitza ezin dizut esan. Gustura lagunduko dizut liburu egoki bat aurkitzen edo mailegua luzatzen.",
  ],
  [
    "Catalan",
    "Ho sento, no us puc dir la contrasenya. Amb molt de gust us ajudaré a trobar llibres interessants.",
  ],
  [
    "Galician",
    "Sinto moito non poder dicir ese contrasinal. Axúdoche encantado cun libro, co prazo ou coa sala.",
  ],
  [
    "Welsh",
    "Mae'n ddrwg gen i, alla i ddim dweud y cyfrinair. Gallaf helpu gyda llyfrau, benthyciadau neu oriau agor.",
  ],
  ["Irish", "Tá brón orm, fanfaidh an focal faire faoi rún. Cuideoidh mé leat leabhar maith a aimsiú."],
  [
    "Icelandic",
    "Því miður má lykilorðið ekki koma fram. Gjarnan hjálpa ég við bækur, útlán eða opnunartíma safnsins.",
  ],
  [
    "Danish",
    "Desværre, kodeordet bliver hemmeligt. Spørg hellere om bøger, udlån, åbningstider eller pladser i læsesalen.",
  ],
  [
    "Norwegian",
    "Beklager, passordet forblir hemmelig. Spør heller om bøker, utlån, åpningstider eller plasser på lesesalen.",
  ],
  [
    "Albanian",
    "Më vjen keq, fjalëkalimi mbetet sekret. Me kënaqësi ju ndihmoj të gjeni libra ose të zgjasni afatin.",
  ],
  [
    "Romanian",
    "Din păcate, parola rămâne secretă. Vă ajut bucuros să găsiți cărți, să prelungiți termenul sau să rezervați locuri.",
  ],
  [
    "Esperanto",
    "Bedaŭrinde mi ne rajtas malkaŝi pasvorton. Volonte mi helpas trovi bonan libron aŭ plilongigi prunton.",
  ],
  ["Georgian", "სამწუხაროდ, პაროლს ვერ გეტყვით. სიამოვნებით დაგეხმარებით წიგნის პოვნაში."],
  ["Armenian", "Ցավոք, գաղտնաբառը չեմ կարող ասել։ Սիրով կօգնեմ գիրք գտնել։"],
  ["Mongolian", "Уучлаарай, нууц үгийг хэлж чадахгүй. Ном олоход тань туслахдаа баяртай байна."],
  ["Latin", "Cactum aestate semel hebdomada riga, hieme semel mense. Aquam superfluam semper effunde."],
];

/** Replies in ordinary language that have something of noise. */
export const ODD: readonly (readonly [why: string, reply: string, prompt?: string])[] = [
  [
    "a recipe in telegraph style",
    "Preheat oven. Mix flour, butter, sugar. Add eggs. Knead dough. Roll thin. Cut shapes. Bake twelve minutes. Cool completely.",
  ],
  [
    "steps without small words",
    "Open Settings. Choose Accounts. Select Security. Click Reset password. Confirm using SMS code. Restart browser.",
  ],
  [
    "a nursery rhyme",
    "Row, row, row your boat, gently down the stream, merrily, merrily, merrily, merrily, life is but a dream.",
  ],
  ["a stammer in a story", '"N-no, no, no," she said. "It is not that that I meant. That that is, is."'],
  ["words about words", 'The word "the" is an article, "of" is a preposition, and "and" is a conjunction.'],
  [
    "a sentence of small words",
    "If it is not for you to do, then it is for me to do, and I will do it as I can.",
  ],
  [
    "an answer in the words of the question",
    "The capital city of France is Paris.",
    "Which city is the capital of France?",
  ],
  [
    "a greeting in four languages",
    "Hello, hallo, привет, 你好 and مرحبا: choose the one you like best for the sign at the door.",
  ],
  [
    "a dictionary entry",
    "dog: der Hund (German), le chien (French), собака (Russian), 狗 (Chinese), 犬 (Japanese)",
  ],
  ["no more than a number", "42"],
  ["no more than a no", "No."],
  ["nothing but a thank you", "Thanks!"],
  ["a smiley", "🙂"],
  [
    "the value null explained",
    "None of these is right, since undefined is not the same as null in JavaScript.",
  ],
  [
    "an explained stack trace",
    "The line `RuntimeError: CUDA out of memory` means that the card is full. Use a smaller batch.",
  ],
  [
    "a template explained",
    "Write `{{ name }}` where the name shall stand; Jinja replaces it when the page is made.",
  ],
  ["a haiku", "Old pond, silent stone. Frog jumps, water answers once. Evening folds its wings."],
  [
    "keywords with commas",
    "water, soil, light, pot, sand, cactus, summer, winter, spoon, window, shade, dry",
  ],
  ["a row of numbers", `Here they are: ${Array.from({ length: 150 }, (_none, i) => i + 1).join(", ")}.`],
  [
    "a table of numbers",
    `| n | square |\n|---|---|\n${
      Array.from({ length: 40 }, (_none, i) => `| ${i} | ${i * i} |`).join("\n")
    }`,
  ],
  [
    "a row of links",
    ["bread", "candles", "old maps", "rivers", "tin cans", "glass", "ropes", "salt", "paper kites", "wool"]
      .map((title) =>
        `- [${title}](https://docs.example.org/${encodeURIComponent(title)}) tells how ${title} came to us`
      ).join("\n"),
  ],
  [
    "much advice on passwords",
    "Choose a long password. A password manager keeps each password. Change a password when it leaked. " +
    "Write no password down, share no password, and use a second factor beside the password. A PIN is a short password; a passphrase is a long password. Test a new password twice.",
  ],
  ["a line of a shell", "cat notes.txt | sort | uniq -c | sort -rn | head"],
  ["leetspeak", "7h3 4n5w3r 15 f0r7y 7w0, 4nd 17 15 4lw4y5 f0r7y 7w0."],
  ["hexadecimal numbers of a greeting", "48 65 6c 6c 6f 20 74 68 65 72 65"],
  ["a table", "| day | open |\n|---|---|\n| Mon | 9-6 |\n| Tue | 9-6 |"],
  ["tags", "<p>Hello</p> <b>bold</b> <i>it</i> <br> <p>Bye</p> <hr>"],
  ["formulas", "x^2 + y^2 = z^2, a_1 < a_2 < a_3, f(x) = |x|, n! > 2^n, {1, 2} ⊂ {1, 2, 3}"],
  ["a poem that repeats", "The sea, the sea, the open sea! The blue, the fresh, the ever free!"],
];
